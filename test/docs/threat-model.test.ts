import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'
import { type Title, titles } from '../support/titles.ts'

// docs/threat-model.md names, for every threat, what stands against it and the test that fails without that. That it does
// fail was tried by hand; here it is held that code and test are still there, and that the test runs.

const page = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')
const IDS = Array.from({ length: 30 }, (_, index) => `T${index + 1}`)

const sections = page
  .split(/^### /m)
  .slice(1)
  .map(text => ({ id: /^T\d+/.exec(text)?.[0] ?? text.slice(0, 20), text }))

const ROW = /^\| .+ \| \[([^\]]+)\]\(\.\.\/\1\) \| \[(test\/[^\]]+)\]\(\.\.\/\2\): (`+)(.+)\3 \|$/
const rows = sections.flatMap(({ id, text }) =>
  text
    .split('\n')
    .filter(line => /^\| (?!control \|)/.test(line))
    .map(line => {
      const [, code, file, , name] = ROW.exec(line) ?? []
      return { id, line, code, file, name }
    }),
)

let all: Title[]
beforeAll(async () => {
  all = await titles()
})

test('every threat is there, once, in order, and has something against it', () => {
  expect(sections.map(({ id }) => id)).toEqual(IDS)
  expect([...new Set(rows.map(({ id }) => id))]).toEqual(IDS)
})

test('every line names code and a test', () => {
  expect(rows.filter(({ name }) => name === undefined).map(({ line }) => line)).toEqual([])
  expect(rows.filter(({ code = '' }) => code.startsWith('test/') || !existsSync(join(ROOT, code)))).toEqual(
    [],
  )
})

describe('every test that is named', () => {
  test('is one that vitest runs, or a group of them, by this very title', () => {
    expect(all.length).toBeGreaterThan(1000)
    const lost = rows.filter(
      ({ file, name }) =>
        !all.some(one => one.file === file && (one.name === name || one.name.startsWith(`${name} > `))),
    )
    expect(lost.map(({ line }) => line)).toEqual([])
  })

  test('is in a file that skips nothing', () => {
    const skipping = [...new Set(rows.map(({ file }) => file!))].filter(file =>
      /\b(?:test|describe)\.(?:skip|todo|only|runIf)\b/.test(readFileSync(join(ROOT, file), 'utf8')),
    )
    expect(skipping).toEqual([])
  })
})

test('every threat that a title names is one of them', () => {
  const named = all.flatMap(({ name }) => name.match(/\bT\d+(?=[,:])/g) ?? [])
  expect(named).toContain('T7')
  expect(named.filter(id => !IDS.includes(id))).toEqual([])
})

test('every link to a heading leads to one, here and on other pages', () => {
  const slugs = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'),
    )
  const links = [...page.matchAll(/\]\(([^)#]*)#([^)]+)\)/g)]
  expect(links.length).toBeGreaterThan(10)
  for (const [link, other, slug] of links) {
    const target = other === '' ? page : readFileSync(join(ROOT, 'docs', other!), 'utf8')
    expect(slugs(target), link).toContain(slug)
  }
})
