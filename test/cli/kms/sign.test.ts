import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { withOpenPolicy } from '../../../cli/kms/sign.ts'

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000'
const NOW = Date.parse('2026-11-24T12:00:00Z')
const statement = (Sid: string) => ({
  Sid,
  Effect: 'Allow',
  Principal: '*',
  Action: 'kms:Sign',
  Resource: '*',
})

/** A KMS that holds one policy, and fails at the nth change of it. */
function kmsWith(sids: string[], failAt = Number.POSITIVE_INFINITY) {
  const state = { policy: { Version: '2012-10-17', Statement: sids.map(statement) }, puts: 0 }
  const kms = {
    async send(command: unknown) {
      if (command instanceof GetKeyPolicyCommand) return { Policy: JSON.stringify(state.policy) }
      if (command instanceof PutKeyPolicyCommand) {
        if (++state.puts === failAt) throw new Error('gone')
        state.policy = JSON.parse(command.input.Policy!)
      }
      return {}
    },
  }
  const sidsNow = () => state.policy.Statement.map(({ Sid }) => Sid)
  return { state, sidsNow, context: { kms: () => kms, now: () => NOW } as never }
}

const OPEN = 'CountersignForOneCertificate'

describe('a policy that is opened for one signature', () => {
  test('is open for the account and five minutes, and closed again', async () => {
    const { state, sidsNow, context } = kmsWith(['SignAssertions'])
    await withOpenPolicy(context, { arn, alg: 'ES256' }, async () => {
      expect(sidsNow()).toEqual(['SignAssertions', OPEN])
      expect(state.policy.Statement[1]).toMatchObject({
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: 'kms:Sign',
        Condition: {
          StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'RAW' },
          DateLessThan: { 'aws:CurrentTime': '2026-11-24T12:05:00Z' },
        },
      })
    })
    expect(sidsNow()).toEqual(['SignAssertions'])
  })

  test('is closed also where the signature fails', async () => {
    const { sidsNow, context } = kmsWith(['SignAssertions'])
    const failing = withOpenPolicy(context, { arn, alg: 'ES256' }, () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    expect(sidsNow()).toEqual(['SignAssertions'])
  })

  test('what somebody else takes out of it meanwhile stays out', async () => {
    const { state, sidsNow, context } = kmsWith(['SignAssertions', 'Suspicious'])
    await withOpenPolicy(context, { arn, alg: 'ES256' }, async () => {
      state.policy.Statement = state.policy.Statement.filter(({ Sid }) => Sid !== 'Suspicious')
    })
    expect(sidsNow()).toEqual(['SignAssertions'])
  })

  test('what a process that was ended has left is taken out', async () => {
    const { sidsNow, context } = kmsWith(['SignAssertions', OPEN])
    await withOpenPolicy(context, { arn, alg: 'ES256' }, async () => {
      expect(sidsNow()).toEqual(['SignAssertions', OPEN])
    })
    expect(sidsNow()).toEqual(['SignAssertions'])
  })

  test('that cannot be closed is said, and what to take out', async () => {
    const { context } = kmsWith(['SignAssertions'], 2)
    await expect(withOpenPolicy(context, { arn, alg: 'ES256' }, async () => {})).rejects.toMatchObject({
      code: 'policy_open',
      fix: expect.stringContaining(OPEN),
    })
  })
})
