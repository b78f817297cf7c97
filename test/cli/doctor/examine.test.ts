import { expect, test } from 'vitest'
import { CHECKS } from '../../../cli/doctor/checks.ts'
import { type Examination, examine } from '../../../cli/doctor/examine.ts'
import { type Finding, fail, failAside, ok, restsOn, skip, summed } from '../../../cli/doctor/finding.ts'
import type { Scene } from '../../../cli/doctor/scene.ts'

const scene = (...ids: string[]) => ({ clients: ids.map(client_id => ({ client_id })) }) as unknown as Scene

function once(id: string, rests: string[], finding: Finding): Examination {
  return { id, rests, asks: id, once: () => finding }
}

function each(id: string, rests: string[], findings: Record<string, Finding>): Examination {
  return { id, rests, asks: id, each: (_, { client_id }) => findings[client_id] ?? ok('fine') }
}

test('what rests on a failure is not made, however far away it is, and names the failure', async () => {
  const checks = await examine(
    [
      once('a', [], fail('broken', 'mend it')),
      once('b', ['a'], ok('')),
      once('c', ['b'], ok('')),
      once('d', [], ok('d')),
    ],
    scene('x'),
  )
  expect(checks.map(({ status, detail }) => [status, detail])).toEqual([
    ['fail', 'broken'],
    ['skip', 'not looked at: rests on a'],
    ['skip', 'not looked at: rests on a'],
    ['ok', 'd'],
  ])
})

test('a failure that is in nobody’s way, and what could not be known, keep nothing from being looked at', async () => {
  const checks = await examine(
    [
      once('a', [], failAside('too much', 'less')),
      once('b', [], skip('unknown')),
      once('c', ['a', 'b'], ok('seen')),
    ],
    scene('x'),
  )
  expect(checks.map(({ status }) => status)).toEqual(['fail', 'skip', 'ok'])
})

test('a failure of one client stands in its own way alone, and in that of what concerns all', async () => {
  const checks = await examine(
    [each('a', [], { x: fail('broken', 'mend x') }), each('b', ['a'], {}), once('c', ['a'], ok('all'))],
    scene('x', 'y'),
  )
  expect(checks).toEqual([
    { id: 'a', status: 'fail', detail: 'x: broken', fix: 'mend x' },
    { id: 'b', status: 'ok', detail: 'x: not looked at: rests on a; y: fine', fix: '' },
    { id: 'c', status: 'skip', detail: 'not looked at: rests on a', fix: '' },
  ])
})

test('without a client there is nothing to look at', async () => {
  const [check] = await examine([each('a', [], {})], scene())
  expect(check).toMatchObject({ status: 'skip', detail: 'no client is enabled' })
})

test('a line is one line, and holds nothing that moves a cursor', () => {
  const { detail, fix } = summed(
    'a',
    [{ finding: fail('one\ntwo \u001b[2J\u202e', 'x'.repeat(5_000)) }],
    false,
  )
  expect(detail).toBe('one two �[2J�')
  expect(fix.length).toBeLessThan(2_100)
})

test('the same fix is said once, and that of a failure only', () => {
  const found = [
    { client: 'x', finding: fail('a', 'mend') },
    { client: 'y', finding: fail('b', 'mend') },
    { client: 'z', finding: skip('unknown', 'say it') },
  ]
  expect(summed('a', found, true)).toMatchObject({ detail: 'x: a; y: b', fix: 'mend' })
})

test('every check rests on checks before it', () => {
  const ids = CHECKS.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [at, { rests }] of CHECKS.entries()) {
    for (const id of rests) expect(ids.slice(0, at)).toContain(id)
  }
  expect(restsOn('a').status).toBe('skip')
})
