import { KMS_ALGORITHM } from '../../lib/aws/kms-signer.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { attempt } from '../doctor/facts/attempt.ts'
import { keyAlg } from '../doctor/judge/keys.ts'
import { permissions } from '../doctor/judge/permissions.ts'
import type { Known } from '../doctor/judge/surplus.ts'
import { clientIn, readDocument } from '../document.ts'
import { Failure, misuse } from '../failure.ts'
import { describeForDocument, type KmsKey, metadataOf, policyOf } from '../kms/keys.ts'
import { signingStatement } from '../kms/policy.ts'
import { algsOf } from '../kms/spec.ts'
import { quoted } from '../quoted.ts'
import { addedResult, certified, putIn, WITH_CERTIFICATE } from './entry.ts'
import { OWN_KID, requireSame, X5T } from './naming.ts'
import { algOf, CLIENT, SIGNER, signersOf } from './options.ts'
import { requirePlace } from './trial.ts'

export const keysImport = command({
  name: 'keys import',
  summary: 'put a key that exists in KMS into the configuration as "next"',
  details: `Nothing is changed at the key. Where its policy does not let the deployment sign, the statement to add is printed.`,
  options: {
    ...CLIENT,
    'kms-key-arn': { type: 'string', value: 'ARN', help: 'the key; not an alias' },
    alg: { type: 'string', value: 'ALG', help: 'what it signs with (default: the only one that it can)' },
    ...SIGNER,
    ...OWN_KID,
    ...X5T,
    ...WITH_CERTIFICATE,
  },
  async run(context, values) {
    const arn = values['kms-key-arn']
    if (arn === undefined) throw misuse('Which key? --kms-key-arn takes its ARN.')
    const stored = await readDocument(context)
    const { deployment, document } = stored
    const client = clientIn(document.clients, values.client)
    const { client_id } = client
    const alg = await usableFor(context, arn, values.alg)
    const signers = signersOf(deployment, values.signer)
    const key = await describeForDocument(context.kms(arn), arn, alg)
    await requireSame(client, key, values)
    requirePlace(stored, client, key, values)
    const missing = await missingPermissions(context, key, { signers, operator: deployment.operator })
    const naming = await certified(context, client_id, key, values)
    const result = await addedResult(await putIn(context, client_id, key, naming), key.kms_key_arn)
    return { json: { ...result.json, permissions: missing }, lines: [...result.lines, ...missing] }
  },
})

/** What the key is to sign with. Throws Failure where it cannot. */
async function usableFor(context: Context, arn: string, given: string | undefined): Promise<Alg> {
  const metadata = await metadataOf(context.kms(arn), arn)
  const { KeyState, KeyUsage, KeySpec = '', SigningAlgorithms = [], Arn } = metadata
  if (KeyUsage !== 'SIGN_VERIFY') {
    throw new Failure('wrong_usage', `The key is for ${KeyUsage}, not for SIGN_VERIFY.`, {
      fix: 'Take another key: the usage of a key cannot be changed.',
    })
  }
  if (KeyState !== 'Enabled') {
    throw new Failure('not_enabled', `The key's state is ${KeyState}.`, {
      fix: `aws kms enable-key --key-id ${quoted(Arn!)}`,
    })
  }
  const algs = algsOf(SigningAlgorithms, KeySpec)
  if (given === undefined) {
    if (algs.length === 1) return algs[0]!
    throw misuse(`Which algorithm? The key can do ${algs.join(', ')}: say it by --alg.`)
  }
  const alg = algOf(given)
  if (algs.includes(alg)) return alg
  throw new Failure('wrong_alg', `A key of ${KeySpec} cannot sign ${alg}.`, {
    fix: `It can do ${algs.join(', ')}.`,
  })
}

/** What is still to be said, and where: by whoever administers the key, and in another account by both. */
async function missingPermissions(
  context: Context,
  key: Pick<KmsKey, 'kms_key_arn' | 'alg'>,
  { signers, operator }: Known,
): Promise<string[]> {
  const { kms_key_arn: arn, alg } = key
  const kms = context.kms(arn)
  const policy = await attempt(policyOf(kms, arn))
  const wrong = [
    permissions(key, policy, { signers, operator }),
    keyAlg(key, await metadataOf(kms, arn), policy, signers),
  ].flatMap(finding => (finding.status === 'ok' ? [] : [finding.detail]))
  const elsewhere = signers.filter(signer => signer.split(':')[4] !== arn.split(':')[4])
  return [
    ...(wrong.length === 0
      ? []
      : [
          `The policy of the key is not as it should be. ${wrong.join(' ')}`,
          JSON.stringify(signingStatement(signers, alg)),
        ]),
    ...(elsewhere.length === 0
      ? []
      : [
          'The key belongs to another account: the signing role needs this statement of its own as well:',
          JSON.stringify({
            Effect: 'Allow',
            Action: 'kms:Sign',
            Resource: arn,
            Condition: {
              StringEquals: { 'kms:SigningAlgorithm': KMS_ALGORITHM[alg], 'kms:MessageType': 'RAW' },
            },
          }),
        ]),
  ]
}
