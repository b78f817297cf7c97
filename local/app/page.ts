import type { StackDescription } from '../description.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); overflow-wrap: anywhere }
  th { font-weight: 600; white-space: nowrap; vertical-align: top }
  code { font-size: .9em }
`

/** The page at `/`; at `/callback` it says what has just happened. No script, nothing from outside. */
export function page(description: StackDescription, atCallback: boolean): string {
  const rows = [
    ['App', description.app],
    ['Gateway, the signing function behind it', `${description.gateway}/token`],
    ['Identity provider', description.issuer],
    ['KMS', description.kms],
    ['Secrets Manager', description.secrets_manager],
  ]
  const clients = description.clients.map(({ client_id, alg }) => [client_id, alg])
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Countersign, locally</title>
<style>${STYLE}</style>
<h1>Countersign, locally</h1>
${atCallback ? '<p role="status">The provider has sent the browser back here with a code. An app would now post it, with its redirect_uri and code_verifier, to the gateway.</p>' : ''}
<p>Everything runs on this machine, with keys made at start and nothing kept on disk.</p>
<h2>What runs where</h2>
${table(rows)}
<h2>Clients</h2>
${table(clients)}
<p>Tokens come from <code>POST /token</code> at the gateway. The function reaches KMS, and nothing but KMS holds a private key.</p>
</html>
`
}

function table(rows: string[][]): string {
  const row = ([name = '', value = '']: string[]) =>
    `<tr><th scope="row">${escapeHtml(name)}</th><td><code>${escapeHtml(value)}</code></td></tr>`
  return `<table>${rows.map(row).join('')}</table>`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
