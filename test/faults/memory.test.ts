import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { json } from '../support/fake-provider.ts'
import { type Setting, type Stage, setStage } from './stage.ts'
import { line, play, type Row, written } from './table.ts'

// What would fill the memory, in a heap of 32 MiB, in which the function itself takes a third.

const SMALL: Setting = { flags: ['--max-old-space-size=32'] }
const MEBIBYTES = 64
const HUGE = { kind: 'garbage', body: 'x'.repeat(1024), times: MEBIBYTES * 1024 } as const

/** Until nobody reads any more; far beyond the heap in any case. */
function endless(response: ServerResponse, begin = () => {}, chunk = 'x'.repeat(2 ** 20)): void {
  begin()
  let left = MEBIBYTES
  const more = () => {
    while (left-- > 0) if (!response.write(chunk)) return void response.once('drain', more)
    response.end()
  }
  response.on('error', () => {})
  more()
}

const useless = { status: 502, error: 'server_error', signed: 1, sent: 1 }

const rows: Row[] = [
  {
    fault: 'a request of a mebibyte',
    setting: SMALL,
    changes: { code: 'x'.repeat(2 ** 20) },
    status: 413,
    error: 'invalid_request',
    signed: 0,
    sent: 0,
    reason: 'body_too_large',
  },
  {
    fault: 'the provider answers without end',
    setting: SMALL,
    breaks: stage => {
      stage.behave = response =>
        endless(response, () => response.writeHead(200, { 'content-type': 'application/json' }))
    },
    ...useless,
    reason: 'upstream_malformed: TOO_LARGE',
  },
  {
    fault: 'the provider sends headers without end',
    setting: SMALL,
    breaks: stage => {
      stage.behave = response => {
        const { socket } = response
        socket?.on('error', () => {})
        socket?.write('HTTP/1.1 200 OK\r\n')
        for (let i = 0; i < 1_000; i++) socket?.write(`x-${i}: ${'x'.repeat(1_000)}\r\n`)
      }
    },
    ...useless,
    error: 'exchange_outcome_unknown',
    reason: 'upstream_lost: HPE_HEADER_OVERFLOW',
  },
  {
    fault: "the provider's keys come without end",
    setting: { ...SMALL, idTokens: true },
    cold: true,
    breaks: stage => {
      stage.jwks = response => endless(response)
    },
    ...useless,
    error: 'exchange_outcome_unknown',
    reason: 'id_token_unverifiable: JWKS_MALFORMED',
  },
  {
    fault: 'KMS answers with 64 MiB',
    setting: SMALL,
    breaks: (stage: Stage) => stage.kms.fault('Sign', HUGE),
    status: 503,
    error: 'temporarily_unavailable',
    signed: 1,
    sent: 0,
    reason: 'signer_unavailable: ANSWER_TOO_LARGE',
  },
  {
    fault: 'Secrets Manager answers with 64 MiB as a container starts',
    setting: SMALL,
    cold: true,
    breaks: (stage: Stage) => stage.secrets.fault('GetSecretValue', HUGE),
    mends: () => new Promise(resolve => setTimeout(resolve, 1_000)),
    readable: false,
    status: 503,
    error: 'temporarily_unavailable',
    signed: 0,
    sent: 0,
    reason: 'configuration_unavailable: ANSWER_TOO_LARGE',
  },
  {
    fault: 'four hundred answers of 250 KB',
    setting: SMALL,
    async breaks(stage) {
      const access_token = 'x'.repeat(250_000)
      const good = stage.behave
      stage.behave = response => json(response, 200, { access_token, token_type: 'Bearer' })
      for (let i = 0; i < 100; i++) {
        const four = await Promise.all([1, 2, 3, 4].map(() => stage.exchange()))
        expect(four.every(({ statusCode }) => statusCode === 200)).toBe(true)
      }
      stage.behave = good
    },
    status: 200,
    signed: 1,
    sent: 1,
    reason: 'tokens',
  },
]

describe.concurrent('Memory', () => {
  test.for(rows)('$fault', row => play(row))
})

test('docs/faults.md has these rows and no others', () => {
  expect(written('Memory')).toEqual(rows.map(line))
})

test('a container that ends in the middle of an exchange has sent its code once, and the next one works', async () => {
  const stage = await setStage()
  await stage.start()
  const good = stage.behave
  const reached = new Promise<void>(resolve => {
    stage.behave = () => resolve()
  })
  const exchange = stage.exchange()
  await reached
  stage.container().end()
  await expect(exchange).rejects.toThrow('the function ended')
  stage.behave = good
  await stage.start()
  expect(stage.sent()).toBe(1)
  expect((await stage.exchange()).statusCode).toBe(200)
  expect(stage.sent()).toBe(2)
  await stage.close()
})
