import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'
import { type Title, titles } from '../support/titles.ts'

// docs/conformance.md names, for every condition and module of the conformance suite, the test that holds it, or the reason
// why there is none.

const page = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8')

const ROW =
  /^\| `([^`]+)` \| (?:\[(test\/conformance\/[^\]]+)\]\(\.\.\/\2\): `([^`]+)`|(does not apply: .+)) \|$/
const rows = page
  .split('\n')
  .filter(line => line.startsWith('| `') && !line.startsWith('| `state`'))
  .map(line => {
    const [, name, file, title, reason] = ROW.exec(line) ?? []
    return { line, name, file, title, reason }
  })
const held = rows.filter(({ title }) => title !== undefined)

let tests: Title[]
beforeAll(async () => {
  tests = (await titles()).filter(({ file }) => file.startsWith('test/conformance/'))
})
/** Without the titles of its groups. */
const own = ({ name }: Title) => name.split(' > ').at(-1)!

test('every line names a test, or says why there is none', () => {
  expect(rows.length).toBeGreaterThan(70)
  expect(held.length).toBeGreaterThan(60)
  expect(rows.filter(({ name }) => name === undefined).map(({ line }) => line)).toEqual([])
})

test('every test that is named is one that vitest runs, by this very title, which begins with the suite’s name', () => {
  const lost = held.filter(({ file, title }) => !tests.some(one => one.file === file && own(one) === title))
  expect(lost.map(({ line }) => line)).toEqual([])
  expect(held.filter(({ name, title }) => !/^[: ]/.test(title!.slice(name!.length)))).toEqual([])
  expect(held.filter(({ name, title }) => !title!.startsWith(name!))).toEqual([])
})

test('every test that has a name of the suite’s stands on the page', () => {
  const named = tests.filter(one => /^[A-Z]\w+(?: is not held)?: /.test(own(one)))
  expect(named.length).toBe(held.length)
  expect(named.map(own).filter(title => !held.some(row => row.title === title))).toEqual([])
})

test('none of them is skipped', () => {
  const files = [...new Set(held.map(({ file }) => file!))]
  expect(
    files.filter(file => /\b(?:skip|todo|only|runIf)\b/.test(readFileSync(join(ROOT, file), 'utf8'))),
  ).toEqual([])
})

test('it claims nothing that was not done, and its links lead somewhere', () => {
  expect(page).toContain('**Nothing here was run by the suite, and nothing is certified.**')
  const links = [...page.matchAll(/\]\(([^)#]+)/g)].map(([, path]) => path!)
  expect(links.filter(path => !existsSync(join(ROOT, 'docs', path)))).toEqual([])
})
