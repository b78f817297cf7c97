import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FUNCTIONS } from '../../infra/build.ts'
import { readList } from '../../infra/contents.ts'
import { ROOT } from '../support/deployment.ts'

const page = readFileSync(join(ROOT, 'docs/supply-chain.md'), 'utf8')
const { scripts, dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

test('what docs/supply-chain.md links to is there, and what it runs is a script', () => {
  const links = [...page.matchAll(/\]\(([^)#]+)/g)].map(([, path]) => path!)
  expect(links.length).toBeGreaterThan(8)
  expect(links.filter(path => !existsSync(join(ROOT, 'docs', path)))).toEqual([])
  const run = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!)
  expect(run.filter(name => !(name in scripts))).toEqual([])
})

test('its numbers are those of the code', async () => {
  const listed = new Set(Object.values(await readList()).flatMap(Object.keys))
  const words = ['four', 'seven', 'eleven'] as const
  const [functions, named, packages] = words
  expect(Object.keys(FUNCTIONS), functions).toHaveLength(4)
  expect(Object.keys(dependencies), named).toHaveLength(7)
  // Beside our own.
  expect(listed.size - 1, packages).toBe(11)
  for (const word of words) expect(page).toContain(word)
  expect(page).toContain(`npm pack jose@${dependencies.jose}`)
})
