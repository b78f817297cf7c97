import { hash } from 'node:crypto'

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}'

/** Nothing is loaded, and nothing runs. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** What the browser shows at the end: the same whatever came, since the terminal says what it was. */
export const RECEIVED = page(
  'Back to the terminal',
  'The redirect has arrived there, and the terminal says how it went on. This page can be closed.',
)

/** To a request that is not the redirect of this sign-in. */
export const NOT_IT = page(
  'Not this sign-in',
  'The terminal waits for the answer to another request, and goes on waiting. Sign in by the URL that it printed last.',
)

function page(title: string, text: string): string {
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
<p>${text}</p>
</main>
</body>
</html>
`
}
