import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { type Operator, startOperator } from '../operator.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
let operator: Operator
beforeEach(async () => {
  operator = await startOperator(['RS256'])
})
afterEach(() => operator.close())

const file = (name: string, document: unknown) => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(document))
  return path
}

test('what is shown can be changed and put, from the version that it was', async () => {
  const { run, document } = operator
  const shown = await run('config', 'show')
  const { version_id } = (await run('config', 'show', '--json')).json
  expect(shown.notes).toBe(`version ${version_id}`)
  const changed = JSON.parse(shown.out)
  changed.clients[0].enabled = false
  const path = file('changed.json', changed)
  expect((await run('config', 'check', '--file', path)).code).toBe(0)

  // Somebody is faster.
  await run('keys', 'create', '--alg', 'ES256')
  const late = await run('config', 'put', '--file', path, '--if-version', String(version_id), '--json')
  expect([late.code, late.json.error.code]).toEqual([3, 'changed_meanwhile'])
  expect((await document()).clients[0]!.signing_keys).toHaveLength(2)

  expect((await run('config', 'put', '--file', path)).code).toBe(2)
  const both = await run('config', 'put', '--file', path, '--if-version', String(version_id), '--force')
  expect([both.code, both.notes]).toEqual([2, expect.stringContaining('contradict')])
  const { code, json } = await run('config', 'put', '--file', path, '--force', '--json')
  expect([code, json.ok]).toEqual([0, true])
  expect(await document()).toEqual(changed)
})

test('a document with errors is not put, and every one is listed', async () => {
  const { run, document } = operator
  const before = await document()
  const path = file('wrong.json', { version: 1, clients: [{ client_id: 'x' }], other: 1 })
  const checked = await run('config', 'check', '--file', path, '--json')
  expect([checked.code, checked.json.ok]).toEqual([1, false])
  expect((checked.json.problems as string[]).length).toBeGreaterThan(4)
  const put = await run('config', 'put', '--file', path, '--force', '--json')
  expect([put.code, put.json.error.code]).toEqual([1, 'configuration_invalid'])
  expect(await document()).toEqual(before)
})

test('what is allowed on loopback alone is said to be', async () => {
  const { clients } = await operator.document()
  const path = file('local.json', {
    version: 1,
    clients: [{ ...clients[0], allowed_origins: ['http://127.0.0.1:1'] }],
  })
  const { code, out } = await operator.run('config', 'check', '--file', path)
  expect([code, out]).toEqual([1, expect.stringContaining('--loopback')])
  expect((await operator.run('config', 'check', '--file', path, '--loopback')).code).toBe(0)
})

test('a file that is not there', async () => {
  expect((await operator.run('config', 'check', '--file', join(folder, 'none.json'))).code).toBe(2)
  expect((await operator.run('config', 'check')).code).toBe(2)
})
