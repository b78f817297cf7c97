import { CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wordsOf } from '../../support/shell.ts'
import { type Operator, startOperator } from '../operator.ts'

// A client id may hold any printable character. The lines that a person copies must stay what they seem to be.

let operator: Operator
beforeEach(async () => {
  operator = await startOperator(['RS256'])
})
afterEach(() => operator.close())

async function renamed(client_id: string) {
  const document = await operator.document()
  const clients = document.clients.map(client => ({ ...client, client_id }))
  await operator.put({ ...document, clients })
}

/** Of the command that follows `mark`, to the end of its line. */
const wordsAfter = (mark: string, text: string) => {
  const [, line = ''] = text.split(mark)
  return wordsOf(line.split('\n')[0]!)
}

test.each(['app; touch /tmp/x #', "it's"])('of the client %s', async client_id => {
  await renamed(client_id)
  const { run } = operator
  const create = ['keys', 'create', '--alg', 'ES256']
  const file = "/nowhere/it's here; id"

  const how = ['--own-kid', "it's mine", '--certificate', file, '--days', '30']
  const lost = await run(...create, ...how, '--open-policy', '--json')
  const lines = [...wordsAfter(' Then: ', lost.json.error.fix)]
  expect(lines).toEqual([
    ...['countersign', 'keys', 'import', '--client', client_id, '--alg', 'ES256'],
    ...['--kms-key-arn', expect.stringMatching(/^arn:aws:kms:/), ...how],
  ])

  const { out } = await run(...create)
  expect(wordsAfter('then: ', out)).toEqual(['countersign', 'keys', 'publish', '--client', client_id])

  const published = await run('keys', 'publish', '--vouch')
  expect(wordsAfter('provider needs: ', published.out)).toEqual([
    ...['countersign', 'keys', 'activate', '--client', client_id],
  ])

  await run('keys', 'activate', '--force')
  const removed = await run('keys', 'remove', '--force')
  expect(wordsAfter('any more: ', removed.out).slice(0, 4)).toEqual([
    ...['aws', 'kms', 'schedule-key-deletion', '--key-id'],
  ])
})

test('of a key that is disabled', async () => {
  const { KeyMetadata } = await operator.kms.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  )
  const arn = KeyMetadata!.Arn!
  await operator.kms.send(new DisableKeyCommand({ KeyId: arn }))
  const { json } = await operator.run('keys', 'import', '--kms-key-arn', arn, '--json')
  expect(wordsOf(json.error.fix)).toEqual(['aws', 'kms', 'enable-key', '--key-id', arn])
})

test.each([['publish'], ['rotate', '--yes']])(
  'keys %s reads no key set over plain http',
  async (...words) => {
    await operator.run('keys', 'create', '--alg', 'RS256')
    const { code, json } = await operator.run('keys', ...words, '--url', 'http://login.example.com', '--json')
    expect([code, json.error]).toMatchObject([2, { code: 'usage', fix: expect.stringContaining('https') }])
  },
)
