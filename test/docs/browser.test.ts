import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'

// The code on docs/browser.md is the code that runs in Chromium, and what it says of the helper is the helper.

const page = readFileSync(join(ROOT, 'docs/browser.md'), 'utf8')
const shown = [...page.matchAll(/^<!-- (\S+) -->\n```tsx?\n([\s\S]*?)^```/gm)].map(([, path, code]) => ({
  path: path!,
  code: code!,
}))
const source = (name: string) => readFileSync(join(ROOT, 'browser', name), 'utf8')

/** The imports of packages, without what draws the page, and the region between the marks. */
function tried(path: string): string {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const imports = [...text.matchAll(/^import [^']*'([^'.][^']*)'\n/gm)]
    .filter(([, from]) => from !== 'react-dom/client')
    .map(([line]) => line.replace('StrictMode, ', ''))
  const [, region] = /^\/\/ #region docs\n([\s\S]*?)^\/\/ #endregion/m.exec(text)!
  return `${imports.join('')}\n${region}`
}

test('there are two, and no other TypeScript', () => {
  expect(shown.map(({ path }) => path.split('/').at(-1))).toEqual(['plain.ts', 'react.tsx'])
  expect(page.match(/^```/gm)).toHaveLength(4)
})

test.each(shown)('what is shown of $path is what is run', ({ path, code }) => {
  expect(code).toBe(tried(path))
})

test('every code that the helper makes up is explained, and every call', () => {
  const codes = [...source('index.ts').matchAll(/CountersignError\(\s*'(\w+)'/g)].map(([, code]) => code)
  expect([...new Set(codes)].sort()).toEqual(['no_access_token', 'not_allowed', 'temporarily_unavailable'])
  for (const code of codes) expect(page).toContain(`| \`${code}\` |`)
  const [, members = ''] = /interface Countersign \{([\s\S]*)^\}/m.exec(source('types.ts'))!
  const calls = [...members.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name)
  expect(calls).toEqual(['login', 'session', 'getAccessToken', 'fetch', 'logout'])
  for (const call of calls) expect(page).toContain(`| \`${call}(`)
})

test('its numbers are those of the code', () => {
  expect(source('index.ts')).toContain('AHEAD_MS = 10_000')
  expect(page).toContain('until 10 s before its end')
  expect(source('index.ts')).toContain('ANSWER_MS = 30_000')
  expect(page).toContain('no answer in 30 s')
})
