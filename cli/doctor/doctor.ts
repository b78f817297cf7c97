import { command } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import { CHECKS } from './checks.ts'
import { examine } from './examine.ts'
import type { Check } from './finding.ts'
import { openScene } from './scene.ts'

export const doctor = command({
  name: 'doctor',
  summary: 'checks a deployment, and says what to do about what is wrong',
  details: `Looks at the configuration, the keys and their policies, the provider, and the deployed endpoints. It changes nothing:
what it sends to the provider are codes and tokens that are made up. It signs nothing on AWS, where a signature by
anybody but the function rings an alarm: the deployed function signs for the checks. docs/doctor.md explains each check.`,
  options: {
    url: {
      type: 'string',
      value: 'URL',
      help: "base URL of the deployment (default: the secret's tag countersign:url)",
    },
    client: { type: 'string', value: 'ID', help: 'this client only (default: all that are enabled)' },
    origin: {
      type: 'string',
      multiple: true,
      value: 'ORIGIN',
      help: 'a further origin that ought to be allowed',
    },
    signer: {
      type: 'string',
      multiple: true,
      value: 'ARN',
      help: "who may sign: the function's role (default: the secret's tag countersign:signers)",
    },
    sign: {
      type: 'boolean',
      help: 'sign by KMS ourselves, also on AWS (default: only where a local stand-in answers for KMS)',
    },
  },
  async run(context, values) {
    const { terminal } = context
    terminal.progress('reading the configuration')
    const scene = await openScene(context, values)
    const checks = await examine(CHECKS, scene, asks => terminal.progress(asks))
    const ok = checks.every(({ status }) => status !== 'fail')
    return { json: { ok, checks }, lines: report(checks, terminal.paint), ok }
  },
})

const STYLE = { ok: 'green', fail: 'red', skip: 'yellow' } as const
const ID_WIDTH = Math.max(...CHECKS.map(({ id }) => id.length))

/** One line a check, what to do below it, and the sum of it at the end. */
function report(checks: readonly Check[], paint: Terminal['paint']): string[] {
  const count = (wanted: Check['status']) => checks.filter(({ status }) => status === wanted).length
  const failed = count('fail')
  return [
    ...checks.flatMap(({ id, status, detail, fix }) => [
      `${paint(STYLE[status], status.padEnd(4))}  ${id.padEnd(ID_WIDTH)}  ${detail}`,
      ...(fix === '' ? [] : [`      ${fix}`]),
    ]),
    '',
    failed === 0
      ? paint('green', `${count('ok')} checks are ok, ${count('skip')} not made`)
      : paint('red', `${failed} failed, ${count('ok')} ok, ${count('skip')} not made`),
  ]
}
