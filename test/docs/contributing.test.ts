import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'

// CONTRIBUTING.md and SECURITY.md send their readers to places that are there.

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

describe.each(['CONTRIBUTING.md', 'SECURITY.md'])('%s', page => {
  const text = readFileSync(join(ROOT, page), 'utf8')

  test('every script of npm’s is one', () => {
    const named = [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name!)
    expect(named.filter(name => !(name in scripts))).toEqual([])
    expect(text).toMatch(/npm (?:start|test)/)
  })

  test('every file and folder is there', () => {
    const paths = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)].map(([, path]) => path!)
    expect(paths.length).toBeGreaterThan(8)
    expect(paths.filter(path => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

test('a part of the tests is run as CONTRIBUTING.md says', () => {
  const commands = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8')
  const runs = [...commands.matchAll(/^\$NODE (\S+) run (\S+)/gm)]
  expect(runs.length).toBeGreaterThan(0)
  for (const [, vitest, folder] of runs) {
    expect(existsSync(join(ROOT, vitest!)), vitest).toBe(true)
    expect(existsSync(join(ROOT, folder!)), folder).toBe(true)
  }
})
