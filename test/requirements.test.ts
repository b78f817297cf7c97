import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './support/deployment.ts'

// docs/requirements.md and the titles of the tests say the same.

const ROW = /^\| ([A-Z]+-\d+) \|.*\(\.\.\/(test\/[^)]+)\) \|$/gm
const page = readFileSync(join(ROOT, 'docs/requirements.md'), 'utf8')
const rows = [...page.matchAll(ROW)].map(([, id, path]) => ({ id: id!, path: path! }))

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter(path =>
  path.endsWith('.test.ts'),
)
const named = new Set(
  files.flatMap(
    path =>
      readFileSync(join(ROOT, 'test', path), 'utf8').match(
        /\b(?:ABUSE|ASRT|BFF|COOKIE|CORS|CSRF|DEV|DPOP|DROP|ERR|HDR|IDT|IN|JWKS|KMS|LOG|LOUT|MET|MOB|PAR|PRESET|RACE|REQ|REV|ROT|TMB|TOK|VEC)-\d+/g,
      ) ?? [],
  ),
)

test('there are rows, and none twice', () => {
  expect(rows.length).toBeGreaterThan(80)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
})

test.each(rows)('$id is named by $path', ({ id, path }) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toMatch(new RegExp(`\\b${id}\\b`))
})

test('every row that a test names stands on the page', () => {
  const listed = new Set(rows.map(({ id }) => id))
  expect([...named].filter(id => !listed.has(id)).sort()).toEqual([])
})

test('every reason of a refusal stands in the table of docs/configuration.md', () => {
  const source = readFileSync(join(ROOT, 'lib/errors.ts'), 'utf8')
  const union = /export type Reason =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
  const reasons = [...union.matchAll(/\| '(\w+)'/g)].map(([, reason]) => reason!)
  expect(reasons.length).toBeGreaterThan(25)
  const documented = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8')
  expect(
    reasons.filter(reason => !documented.includes(`\`${reason}\``) && !reason.startsWith('parameter_')),
  ).toEqual([])
})
