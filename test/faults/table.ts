import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect } from 'vitest'
import { ROOT, until } from '../support/deployment.ts'
import { closeProviders } from '../support/fake-provider.ts'
import { ORIGIN } from '../support/function.ts'
import { keys, type Setting, type Stage, setStage, tokens } from './stage.ts'

// A row of docs/faults.md: something is wrong, one exchange is made, and this is what comes of it; then all is well again,
// and the next exchange has its tokens.

export interface Row {
  /** What is wrong, as the page says it. */
  fault: string
  setting?: Setting
  /** Wrong already before the function starts; otherwise it has answered an exchange. */
  cold?: boolean
  /** Milliseconds that its clock is ahead as it starts. */
  startsAhead?: number
  breaks?(stage: Stage): unknown
  /** What the exchange has in place of a good one's parameters. */
  changes?: Record<string, string>
  /** What it takes for the next one to work, beside lifting every fault. False: it cannot, here. */
  mends?: false | ((stage: Stage) => unknown)
  /** What the caller sees. */
  status: number
  error?: string
  /** How often KMS was asked to sign, and what reached the provider's token endpoint: in this one exchange. */
  signed: number
  sent: number
  /** The log's `outcome`, and its `error_name` after a colon. */
  reason: string
  /** How often Secrets Manager was asked. */
  read?: number
  /** Whether the answer has CORS headers; true unless it says so. */
  readable?: boolean
  /** Beside the line of the request: `outcome` and `error_name` of another. */
  alsoLogged?: string
}

const counts = async (stage: Stage) => ({
  signed: await stage.kms.calls('Sign'),
  read: await stage.secrets.calls('GetSecretValue'),
  sent: stage.sent(),
})

const reasonOf = ({ outcome, error_name }: { outcome?: string; error_name?: string | undefined }) =>
  error_name === undefined ? `${outcome}` : `${outcome}: ${error_name}`

/** No key, no credential, and nothing of the exchange itself. */
const SECRET = /arn:aws|AKIA|code-\d|vvvvvvvv/

/** One row, from its fault to the next good exchange. */
export async function play(row: Row): Promise<void> {
  const { cold = false, startsAhead = 0 } = row
  const stage = await setStage(row.setting)
  try {
    if (cold) await row.breaks?.(stage)
    await stage.start(startsAhead)
    if (!cold) {
      expect((await stage.exchange()).statusCode).toBe(200)
      await row.breaks?.(stage)
    }
    const before = cold ? { signed: 0, read: 0, sent: 0 } : await counts(stage)
    const lines = stage.requests().length
    const { statusCode, headers, body = '' } = await stage.exchange(row.changes)
    await until(() => stage.requests().length > lines)
    // What is signed ahead is asked for beside the exchange.
    let after = await counts(stage)
    for (let looks = 0; looks < 20 && after.signed - before.signed < row.signed; looks++) {
      await sleep(10)
      after = await counts(stage)
    }
    const { error, access_token } = JSON.parse(body)
    expect({
      status: statusCode,
      error,
      tokens: access_token === 'at',
      signed: after.signed - before.signed,
      sent: after.sent - before.sent,
      reason: reasonOf(stage.requests().at(-1)!),
      ...(row.read !== undefined && { read: after.read - before.read }),
    }).toEqual({
      status: row.status,
      error: row.error,
      tokens: row.status === 200,
      signed: row.signed,
      sent: row.sent,
      reason: row.reason,
      ...(row.read !== undefined && { read: row.read }),
    })
    // ERR-8: readable by the app; ERR-9: and neither it nor the log has a word too many.
    expect(headers?.['access-control-allow-origin']).toBe(row.readable === false ? undefined : ORIGIN)
    expect(body + JSON.stringify(stage.container().log())).not.toMatch(SECRET)
    const { alsoLogged, mends } = row
    if (alsoLogged !== undefined)
      await until(() =>
        stage
          .container()
          .log()
          .some(record => reasonOf(record) === alsoLogged),
      )

    if (mends === false) return
    await Promise.all([stage.kms.fault('Sign', null), stage.secrets.fault('GetSecretValue', null)])
    Object.assign(stage, { behave: tokens, jwks: keys })
    await mends?.(stage)
    expect((await stage.exchange()).statusCode).toBe(200)
  } finally {
    await stage.close()
  }
}

/** A row of the page. */
export function line({ fault, status, error, signed, sent, reason }: Row): string {
  return `| ${fault} | ${status}${error === undefined ? '' : ` \`${error}\``} | ${signed} | ${sent} | \`${reason}\` |`
}

/** The rows that stand on the page under a heading. */
export function written(heading: string): string[] {
  const page = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8')
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section
    .split('\n')
    .filter(text => text.startsWith('| '))
    .slice(1)
}

afterAll(closeProviders)
