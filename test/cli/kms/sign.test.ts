import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { Failure } from '../../../cli/failure.ts'
import { withOpenPolicy } from '../../../cli/kms/sign.ts'
import { wordsOf } from '../../support/shell.ts'

const arn = 'arn:aws:kms:eu-central-1:000000000000:key/00000000-0000-4000-8000-000000000000'
const policy = {
  Version: '2012-10-17',
  Statement: [{ Sid: "it's; $(id) #", Effect: 'Allow', Principal: '*', Action: 'kms:Sign', Resource: '*' }],
}

test('a policy that cannot be put back is said as a command, which its apostrophes do not end', async () => {
  let puts = 0
  const kms = {
    async send(command: unknown) {
      if (command instanceof GetKeyPolicyCommand) return { Policy: JSON.stringify(policy) }
      if (command instanceof PutKeyPolicyCommand && puts++ > 0) throw new Error('gone')
      return {}
    },
  }
  const context = { kms: () => kms } as never
  const failure = await withOpenPolicy(context, { arn, alg: 'ES256' }, async () => {}).catch(error => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure.code).toBe('policy_open')
  const words = wordsOf(failure.fix.split(' now: ')[1])
  expect(words.slice(0, 6)).toEqual(['aws', 'kms', 'put-key-policy', '--key-id', arn, '--policy'])
  expect(words).toHaveLength(7)
  expect(JSON.parse(words[6]!)).toEqual(policy)
})
