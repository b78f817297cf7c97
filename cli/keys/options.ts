import { ALGORITHMS, type Alg } from '../../lib/jose/algorithms.ts'
import type { Options } from '../command.ts'
import type { Deployment } from '../document.ts'
import { EXIT, Failure, misuse } from '../failure.ts'
import { ALGS } from '../kms/spec.ts'

// Options that several commands about keys have.

export const CLIENT = {
  client: { type: 'string', value: 'ID', help: 'the client (default: the only one)' },
} as const satisfies Options

export const KID = {
  kid: { type: 'string', value: 'KID', help: 'the key (default: the only one that it can be)' },
} as const satisfies Options

export const SIGNER = {
  signer: {
    type: 'string',
    multiple: true,
    value: 'ARN',
    help: "who may sign with it (default: as the deployment's secret says)",
  },
} as const satisfies Options

export const PUBLISH_WAIT = {
  'publish-wait': {
    type: 'string',
    value: 'DURATION',
    help: 'how long a key is published before it signs (default 24h)',
  },
} as const satisfies Options

export const RETIRE_WAIT = {
  'retire-wait': {
    type: 'string',
    value: 'DURATION',
    help: 'how long it stays published afterwards (default 24h)',
  },
} as const satisfies Options

/** An `alg` as it is written on the command line. Throws Failure. */
export function algOf(text: string | undefined): Alg {
  if (text !== undefined && Object.hasOwn(ALGORITHMS, text)) return text as Alg
  throw misuse(
    text === undefined
      ? `Which algorithm? --alg takes ${ALGS.join(', ')}.`
      : `--alg takes ${ALGS.join(', ')}.`,
  )
}

/**
 * Who may sign. Throws Failure where neither the command line nor the deployment says, and where the deployment says it of
 * somebody in another account: a tag is easier to change than a key's policy, so that has to be typed.
 */
export function signersOf(deployment: Deployment, given: readonly string[] | undefined): readonly string[] {
  const signers = given ?? deployment.signers
  const foreign = deployment.signers.filter(arn => !isOwn(arn, deployment.account))
  if (given === undefined && foreign.length > 0) {
    throw new Failure(
      'foreign_signer',
      `The secret's tag lets ${foreign.join(', ')} sign, which is no role or user of this account.`,
      {
        fix: 'Who has set that? If it is meant, name who may sign by --signer.',
        exit: EXIT.refused,
      },
    )
  }
  if (signers.length > 0) return signers
  throw new Failure('signers_unknown', 'Who is to sign with the key? No tag of a secret says it.', {
    fix: "Name the signing function's role by --signer (the stack's output SigningRoleArn).",
  })
}

function isOwn(arn: string, account: string | undefined): boolean {
  const [, , service, , owner, name = ''] = arn.split(':')
  return service === 'iam' && owner === account && /^(role|user)\//.test(name)
}
