import type { Client } from '../../../lib/config/client.ts'
import { thumbprint } from '../../../lib/jose/jwks.ts'
import { audience as audienceBy } from '../../../lib/oauth/endpoint.ts'
import type { Examination, State } from '../examine.ts'
import { type Heard, isAnswered } from '../facts/http.ts'
import { probe } from '../facts/provider.ts'
import { type Finding, restsOn, skip } from '../finding.ts'
import { audience, audienceOfFunction, isRefused, type Tried } from '../judge/audience.ts'
import { canarySigned, functionSigned, publicHalf } from '../judge/signing.ts'
import type { Scene } from '../scene.ts'
import { unnamed } from './deployment.ts'

export const SIGN_VERIFY: Examination = {
  id: 'sign-verify',
  rests: ['key-enabled', 'key-usage', 'key-alg', 'permissions'],
  asks: 'having something signed',
  async each(scene, client, state) {
    const key = client.signing_key
    const own = await thumbprint(key.public_jwk)
    const other = publicHalf(key, own, await scene.keys.publicHalf(key.kms_key_arn))
    if (other) return other
    const signed = scene.signs ? canarySigned(key, await scene.keys.canary(key)) : undefined
    return signed ?? throughFunction(scene, client, state, functionSigned)
  },
}

export const AUDIENCE: Examination = {
  id: 'audience',
  rests: ['endpoints', 'provider-alg', 'clock', 'sign-verify', 'kid'],
  asks: 'showing the provider an assertion',
  async each(scene, client, state) {
    const weSign = scene.signs && (await scene.keys.canary(client.signing_key)).error === undefined
    return weSign
      ? audience(await tryAudiences(scene, client))
      : throughFunction(scene, client, state, heard => {
          const { aud } = client.assertion
          return audienceOfFunction(
            audienceBy(aud, client.as, client.as.token_endpoint),
            otherRules(client),
            heard,
          )
        })
  },
}

/**
 * Its own audience first. Where the provider refuses that, the others that the configuration itself pins for this client,
 * and never one that a server names: whoever names it could use the assertion there.
 */
async function tryAudiences(scene: Scene, client: Client): Promise<Tried[]> {
  const signer = await scene.keys.signer(client.signing_key)
  const tried: Tried[] = []
  for (const rule of [client.assertion.aud, ...otherRules(client)]) {
    const aud = audienceBy(rule, client.as, client.as.token_endpoint)
    const heard = await probe(client, aud, scene.ask, signer, scene.now)
    tried.push({ rule, aud, heard })
    if (!isRefused(heard)) break
  }
  return tried
}

/** The rules by which the audience would be another one. */
function otherRules({ assertion, as }: Client): string[] {
  const by = (rule: string) => audienceBy(rule, as, as.token_endpoint)
  return ['issuer', 'token_endpoint'].filter(rule => by(rule) !== by(assertion.aud))
}

/** An assertion goes to the provider by it, too: so it rests on what every assertion rests on. */
async function throughFunction(
  { deployment, url, signs }: Scene,
  client: Client,
  state: State,
  judge: (heard: Heard) => Finding,
): Promise<Finding> {
  if (url === undefined) return signs ? unnamed() : nobodySigns()
  const blocker = state.blocker(['reachable', 'endpoints', 'clock'], client)
  if (blocker !== undefined) return restsOn(blocker)
  if (deployment === undefined) return unnamed()
  if (!client.enabled) return skip('the client is switched off: the function signs nothing for it')
  const heard = await deployment.exchange(client, client.allowed_origins[0])
  if (heard === undefined) {
    return skip(
      'without a sign-in nothing is signed for this client: it has no revocation endpoint',
      'Where the provider has one, add revocation_endpoint to the registration; else sign in once by the app, and look at the log.',
    )
  }
  return isAnswered(heard)
    ? judge(heard)
    : skip(`the deployment gives no answer that can be read: ${heard.error}`)
}

function nobodySigns(): Finding {
  return skip(
    'nothing is signed: where the deployment is is not known, and we are not to sign ourselves',
    `Name its base URL by --url https://… Or have this command sign by --sign: it needs kms:Sign then, and an alarm on foreign signatures rings.`,
  )
}
