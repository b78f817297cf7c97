import { command } from '../command.ts'
import { clientIn, readDocument } from '../document.ts'
import { createSigningKey } from '../kms/keys.ts'
import { addedResult, certified, putIn, WITH_CERTIFICATE } from './entry.ts'
import { importLine, OWN_KID } from './naming.ts'
import { algOf, CLIENT, SIGNER, signersOf } from './options.ts'
import { requirePlaceForNew } from './trial.ts'

export const keysCreate = command({
  name: 'keys create',
  summary: 'make a key in KMS and put it into the configuration as "next"',
  details: `The key's policy lets the deployment's signing role sign, with this algorithm and whole messages only, and nobody else.
From now on the key is published, and not used: next come keys publish and keys activate.`,
  options: {
    ...CLIENT,
    alg: { type: 'string', value: 'ALG', help: 'what it signs with (default: as the key that signs now)' },
    'multi-region': { type: 'boolean', help: 'a key that can have replicas in other Regions' },
    ...SIGNER,
    ...OWN_KID,
    ...WITH_CERTIFICATE,
  },
  async run(context, values) {
    const stored = await readDocument(context)
    const { deployment, document } = stored
    const client = clientIn(document.clients, values.client)
    const { client_id, signing_keys } = client
    const alg = algOf(values.alg ?? signing_keys.find(({ state }) => state === 'active')?.alg)
    const signers = signersOf(deployment, values.signer)
    await requirePlaceForNew(stored, client, { ...values, alg, signers })
    context.terminal.note(`${signers.join(', ')} will sign with it`)
    context.terminal.progress('KMS makes the key')
    const multiRegion = values['multi-region'] ?? false
    const key = await createSigningKey(context.kms(), {
      alg,
      signers,
      operator: deployment.operator,
      multiRegion,
      goOn: kms_key_arn => `Go on with: ${importLine(client_id, { kms_key_arn, alg }, values)}`,
    })
    const naming = await certified(context, client_id, key, values)
    return addedResult(await putIn(context, client_id, key, naming), key.kms_key_arn)
  },
})
