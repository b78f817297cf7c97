import { hash } from 'node:crypto'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2230; --soft: #566074; --page: #eef1f6; --card: #fff;
  --line: #808a9c; --accent: #2450b8; --on-accent: #fff; --bad: #a3231c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a9b2c3; --page: #11151d; --card: #1b212c;
  --line: #727d91; --accent: #9bbcff; --on-accent: #0d1a36; --bad: #ff9c94; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
main { width: 100%; max-width: 26rem; padding: 2rem 1.5rem; background: var(--card); border-radius: .75rem;
  box-shadow: 0 1px 3px rgb(0 0 0 / 20%); overflow-wrap: anywhere; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1.25rem; color: var(--soft); }
p:last-child { margin: 0; }
form + p:last-child { margin-top: 1.25rem; }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input { width: 100%; margin-bottom: 1rem; padding: .65rem .75rem; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .4rem; }
button { width: 100%; margin-top: .5rem; padding: .7rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .4rem; }
button.quiet { color: var(--ink); background: transparent; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem { color: var(--bad); font-weight: 600; }
input[aria-invalid] { border-color: var(--bad); }
code { font-size: 1.25rem; letter-spacing: .1em; }
`

/**
 * No script, nothing from elsewhere, no framing. `script-src` is empty, which allows none; oidc-provider adds the
 * hash of its own script to it on the pages that submit themselves (response_mode=form_post). `form-action` is
 * left out: browsers apply it to the redirects after a form, and those lead to the app.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  'script-src',
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text that cannot leave its element or its quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => ENTITIES[character]!)
}

/** `content` is HTML: whatever came from outside has been escaped. */
function page(title: string, content: string): string {
  // The empty icon keeps browsers from asking for /favicon.ico.
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`
}

export interface LoginView {
  client_id: string
  /** What the user name starts out as. */
  username?: string | undefined
  /** What is missing, and where. */
  problem?: { field: 'username' | 'password'; text: string } | undefined
}

/** The form posts `username` and `password` to its own URL; `cancel` ends the sign-in with access_denied. */
export function loginPage({ client_id, username = '', problem }: LoginView): string {
  const alert = problem && `<p class="problem" role="alert" id="problem">${escapeHtml(problem.text)}</p>`
  const state = (field: string) =>
    [
      field === (problem?.field ?? 'username') ? ' autofocus' : '',
      field === problem?.field ? ' aria-invalid="true" aria-describedby="problem"' : '',
    ].join('')
  // novalidate: the answer to an empty field is ours, so that it is the same with and without a browser.
  return page(
    'Sign in',
    `<p>to continue to <strong>${escapeHtml(client_id)}</strong></p>
${alert ?? ''}
<form method="post" novalidate>
<label for="username">User name</label>
<input id="username" name="username" type="text" value="${escapeHtml(username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${state('username')}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${state('password')}>
<button type="submit">Sign in</button>
<button type="submit" class="quiet" name="cancel" value="yes">Cancel</button>
</form>
<p>This is a local identity provider for trying things out: any user name and password will do.</p>`,
  )
}

/** `error` and `error_description` of RFC 6749, for the errors that must not be sent to a redirect_uri. */
export function errorPage(error: string, description: string | undefined): string {
  return page(
    'This did not work',
    `<p class="problem" role="alert">${escapeHtml(error)}</p>
<p>${escapeHtml(description ?? 'The request could not be understood.')}</p>`,
  )
}

export function messagePage(title: string, text: string): string {
  return page(escapeHtml(title), `<p>${escapeHtml(text)}</p>`)
}

/** RP-initiated logout: `logout` is sent only by the button that means it. */
export function logoutPage(action: string, xsrf: string): string {
  return page(
    'Sign out?',
    `<p>You are signed in at the local identity provider.</p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="xsrf" value="${escapeHtml(xsrf)}">
<button type="submit" name="logout" value="yes">Sign out</button>
<button type="submit" class="quiet">Stay signed in</button>
</form>`,
  )
}

export interface DeviceView {
  action: string
  xsrf: string
  problem?: string | undefined
}

/** RFC 8628 section 3.3: the user types the code that the device shows. */
export function deviceCodePage({ action, xsrf, problem }: DeviceView): string {
  const alert = problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`
  return page(
    'Connect a device',
    `<p>Enter the code that the device shows.</p>
${alert}
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="xsrf" value="${escapeHtml(xsrf)}">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus>
<button type="submit">Continue</button>
</form>`,
  )
}

/** RFC 8628 section 5.4: the user compares the code before anything is granted. */
export function deviceConfirmPage({ action, xsrf }: DeviceView, client_id: string, userCode: string): string {
  return page(
    'Is this your device?',
    `<p><strong>${escapeHtml(client_id)}</strong> should be showing this code:</p>
<p><code>${escapeHtml(userCode)}</code></p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="xsrf" value="${escapeHtml(xsrf)}">
<input type="hidden" name="user_code" value="${escapeHtml(userCode)}">
<input type="hidden" name="confirm" value="yes">
<button type="submit">Yes, connect it</button>
<button type="submit" class="quiet" name="abort" value="yes">No</button>
</form>`,
  )
}
