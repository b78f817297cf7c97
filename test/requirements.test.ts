import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './support/deployment.ts'

// docs/requirements.md and the titles of the tests say the same.

const page = readFileSync(join(ROOT, 'docs/requirements.md'), 'utf8')
const [held = '', leftOut = ''] = page.split(/^## Left out$/m)

const lines = (text: string) =>
  [...text.matchAll(/^\| ([A-Z]+-\d+) \|.*\|$/gm)].map(([line, id]) => ({
    id: id!,
    cells: line.split(/(?<!\\)\|/).map(cell => cell.trim()),
  }))
const rows = lines(held)
const omitted = lines(leftOut)

/** The tests that a row names, a link each. */
const paths = rows.flatMap(({ id, cells }) =>
  [...(cells.at(-2) ?? '').matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+)\)/g)].map(([, text, path]) => ({
    id,
    text: text!,
    path: path!,
  })),
)

/** The rows that must hold, by their ids; the others should, or may. */
const MUST: Record<string, string> = {
  ASRT: '1-14 16-17 20',
  KMS: '1-8 10-12',
  JWKS: '1-4',
  ROT: '1-4 7',
  IN: '1-10',
  REQ: '1-12',
  ERR: '1-9',
  CORS: '1-10',
  HDR: '1-3',
  DROP: '1-3',
  TOK: '1-3',
  IDT: '2-4',
  COOKIE: '1-10 12',
  CSRF: '1-3',
  TMB: '1 3',
  BFF: '1-2',
  RACE: '1',
  MOB: '1-4',
  PAR: '1-4',
  DPOP: '1-5 7',
  REV: '1-2',
  LOG: '1-2 4-5',
  ABUSE: '1-2',
  PRESET: '1-3',
  VEC: '1-2',
}
const must = Object.entries(MUST).flatMap(([family, numbers]) =>
  numbers.split(' ').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => `${family}-${first + index}`)
  }),
)

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter(path =>
  path.endsWith('.test.ts'),
)
const named = new Set(
  files.flatMap(
    path =>
      readFileSync(join(ROOT, 'test', path), 'utf8').match(
        /\b(?:ABUSE|ASRT|BFF|COOKIE|CORS|CSRF|DEV|DISC|DPOP|DROP|ERR|HDR|IDT|IN|JWKS|KMS|LOG|LOUT|MET|MOB|PAR|PRESET|RACE|REQ|REV|ROT|TMB|TOK|VEC)-\d+/g,
      ) ?? [],
  ),
)

test('there are rows, and none twice, nor both held and left out', () => {
  expect(rows.length).toBeGreaterThan(must.length)
  const ids = [...rows, ...omitted].map(({ id }) => id)
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
})

test('every row that must hold is there, with a test, or is left out, with a reason', () => {
  expect(must).toHaveLength(136)
  const tested = new Set(paths.map(({ id }) => id))
  const excused = new Set(omitted.filter(({ cells }) => cells[3] !== '').map(({ id }) => id))
  expect(must.filter(id => !tested.has(id) && !excused.has(id))).toEqual([])
})

test('every row names a test, and those that are left out a reason', ({ task }) => {
  const tested = new Set(paths.map(({ id }) => id))
  expect(rows.filter(({ id }) => !tested.has(id)).map(({ id }) => id)).toEqual([])
  expect(omitted.length).toBeGreaterThan(0)
  expect(omitted.filter(({ cells }) => cells.length !== 5 || cells[3] === '')).toEqual([])
  // The page says so where it is so, and only there.
  expect(leftOut.includes('None of these is a row that must hold.')).toBe(
    !omitted.some(({ id }) => must.includes(id)),
  )
  task.meta.told = [
    `docs/requirements.md: ${must.filter(id => tested.has(id)).length} of ${must.length} rows that must hold have a test, and ${rows.length - must.length} others; left out:`,
    ...omitted.map(
      ({ id, cells }) => `  ${id}: ${cells[2]}: ${cells[3]!.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')}`,
    ),
  ]
})

test.each(paths)('$id is named by $path', ({ id, text, path }) => {
  expect(text).toBe(path)
  expect(path).toMatch(/^test\/.+\.test\.ts$/)
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
