import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'

// The house as docs/architecture.md has it is the house.

const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
const [, table = ''] = /^## The house\n([\s\S]*?)^## /m.exec(page) ?? []
const named = [...table.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
const ROOMS = ['functions', 'lib', 'infra', 'local', 'cli', 'browser', 'bench', 'docs', 'test']

const inside = (room: string) => readdirSync(join(ROOT, room), { withFileTypes: true })
const folders = (room: string) => inside(room).flatMap(one => (one.isDirectory() ? [one.name] : []))
const files = (room: string) => inside(room).flatMap(one => (one.isFile() ? [one.name] : []))

test('every room is in it, and there is no other', () => {
  expect(named).toEqual(expect.arrayContaining(ROOMS.filter(room => room !== 'lib').map(room => `${room}/`)))
  const built = ['node_modules', 'dist', 'artifacts', 'coverage']
  expect(
    folders('.')
      .filter(name => !name.startsWith('.') && !built.includes(name))
      .sort(),
  ).toEqual([...ROOMS].sort())
})

test.each(ROOMS)('%s/: every folder in it', room => {
  // The tests of a room have its name.
  const mirrored = room === 'test' ? ROOMS : []
  const lost = folders(room).filter(
    name => !named.includes(`${name}/`) && !named.includes(`${room}/${name}/`) && !mirrored.includes(name),
  )
  expect(lost).toEqual([])
})

const WHOLE = ['functions', 'lib', ...folders('lib').map(name => `lib/${name}`)]
test.each(WHOLE)('%s/: every file in it', room => {
  const stems = named.map(name => name.replace(/^.*\//, '').replace(/\.ts$/, ''))
  expect(files(room).filter(name => !stems.includes(name.replace(/\.ts$/, '')))).toEqual([])
})

test('every file that it names by its ending is there', () => {
  const places = ['.', ...ROOMS, 'cli/doctor']
  const gone = named.filter(
    name =>
      /\.(ts|cjs|json|yml|yaml)$/.test(name) && !places.some(place => existsSync(join(ROOT, place, name))),
  )
  expect(gone).toEqual([])
})
