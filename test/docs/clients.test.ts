import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'

// The code on docs/clients.md is the code that the tests of the clients run.

const page = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8')
const SHOWN = /^<!-- (\S+) -->\n```tsx?\n([\s\S]*?)^```/gm
const shown = [...page.matchAll(SHOWN)].map(([, path, code]) => ({ path: path!, code: code! }))

/** The imports of packages, and the region between the marks, at the margin. */
function tried(path: string): string {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const imports = [...text.matchAll(/^import [^']*'([^']+)'\n/gm)].filter(
    // React's own are the page's, which draws more than is shown.
    ([, from]) => !from!.startsWith('.') && !/^react(-dom|$)/.test(from!),
  )
  const [, indent, region] = /^( *)\/\/ #region docs\n([\s\S]*?)^ *\/\/ #endregion/m.exec(text)!
  return `${imports.map(([line]) => line).join('')}\n${region!.replaceAll(new RegExp(`^${indent}`, 'gm'), '')}`
}

test('there is one of each, and no other TypeScript', () => {
  expect(shown.map(({ path }) => basename(path))).toEqual([
    'oidc-client-ts.ts',
    'react-oidc-context.tsx',
    'appauth.ts',
    'oauth4webapi.ts',
    'openid-client.ts',
    'openid-client.ts',
    'oauth4webapi-dpop.ts',
  ])
  expect(page.match(/^```tsx?$/gm)).toHaveLength(shown.length)
})

test.each(shown)('DROP-1, DROP-2, DPOP-3: what is shown of $path is what is run', ({ path, code }) => {
  expect(code).toBe(tried(path))
})

test('TOK-3: the page says what such a client is, and where not to use it', () => {
  expect(page).toContain('browser-based clients behind a proxy that authenticates for them')
  expect(page).toMatch(/sensitive data a back end that keeps the tokens is the better choice/)
})
