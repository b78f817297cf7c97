import type { SigningKey } from '../../lib/config/client.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import type { Context } from '../context.ts'
import { clientIn, type RawClient, readDocument, type Stored } from '../document.ts'
import { formatDuration } from '../duration.ts'
import { EXIT, Failure } from '../failure.ts'
import { createSigningKey } from '../kms/keys.ts'
import { changeClient } from './change.ts'
import { putIn } from './entry.ts'
import { activate, keyIn, left, publish, remove } from './lifecycle.ts'
import { importLine, type Naming } from './naming.ts'
import { signersOf } from './options.ts'
import { untilPublished, urlUnknown } from './published.ts'
import { requireUsable } from './usable.ts'

export interface Plan {
  client_id: string
  alg: Alg
  /** Seconds. */
  publish_wait: number
  retire_wait: number
  url: string | undefined
  /** ARN of the key that signed when it was begun. */
  replaces: string
  /** Of a rotation that was begun before: its new key waits, or signs already and the old one is still published. */
  resumed: 'next' | 'active' | undefined
}

interface Pair {
  /** The key that signs now. */
  active: SigningKey
  /** The one that did before. */
  old: SigningKey
}

interface Given extends Naming {
  signer: string[] | undefined
  vouch: boolean | undefined
}

/** Longest that a wait goes on without a look at the configuration. */
const LOOK_S = 600
const TICK_MS = 1_000

/** The steps of a rotation, each of which begins with what the configuration says by then. */
export class Rotation {
  readonly context: Context
  readonly plan: Plan

  constructor(context: Context, plan: Plan) {
    this.context = context
    this.plan = plan
  }

  /** Makes and publishes the new key, waits, and has it sign. */
  async changeOver(
    stored: Stored,
    client: RawClient,
    { signer, vouch = false, ...naming }: Given,
  ): Promise<Pair> {
    const next =
      this.plan.resumed === 'next'
        ? await keyIn(client, { kid: undefined, state: 'next' })
        : await this.#make(stored, signer, naming)
    const kid = await kidOf(next)
    await this.#publish(kid, vouch)
    return this.#activate(kid)
  }

  /** Waits, and takes the old key out. */
  async removeOld({ active, old }: Pair): Promise<void> {
    const [kid, oldKid] = await Promise.all([kidOf(active), kidOf(old)])
    const wait_s = this.plan.retire_wait
    const retired = async (client: RawClient) => {
      await inState(client, kid, 'active')
      return inState(client, oldKid, 'retired')
    }
    await this.#until('until nothing that the old key signed is under way', async client =>
      left((await retired(client)).retired_at, { now: this.context.now(), wait_s }),
    )
    await this.#change(async client =>
      remove(client, await retired(client), { now: this.context.now(), wait_s, force: false }),
    )
    this.#say(`removed ${oldKid}`)
  }

  async #make({ deployment }: Stored, signer: string[] | undefined, naming: Naming): Promise<SigningKey> {
    const { context, plan } = this
    const signers = signersOf(deployment, signer)
    this.#say(`${signers.join(', ')} will sign with it`)
    context.terminal.progress('KMS makes the key')
    const key = await createSigningKey(context.kms(), {
      alg: plan.alg,
      signers,
      operator: deployment.operator,
      goOn: kms_key_arn =>
        `Go on with: ${importLine(plan.client_id, { kms_key_arn, alg: plan.alg }, naming)}`,
    })
    const { client } = await putIn(context, plan.client_id, key, naming, refuseAnother)
    const entry = client.signing_keys.find(({ kms_key_arn }) => kms_key_arn === key.kms_key_arn)!
    this.#say(`made ${await kidOf(entry)} (${plan.alg}): ${key.kms_key_arn}`)
    return entry
  }

  async #publish(kid: string, vouch: boolean): Promise<void> {
    const { context, plan } = this
    if (!vouch) {
      if (plan.url === undefined) throw urlUnknown()
      await untilPublished(context, plan.url, kid)
    }
    await this.#change(async client => publish(client, await inState(client, kid, 'next'), context.now()))
    this.#say('published')
  }

  async #activate(kid: string): Promise<Pair> {
    const { context, plan } = this
    const wait_s = plan.publish_wait
    await this.#until('until the providers have read the new key', async client =>
      left((await inState(client, kid, 'next')).published_at, { now: context.now(), wait_s }),
    )
    let before: RawClient | undefined
    const { client } = await this.#change(async (one, { deployment }) => {
      before = one
      const key = await inState(one, kid, 'next')
      if (one.signing_keys.find(({ state }) => state === 'active')?.kms_key_arn !== plan.replaces)
        throw takenBack('another key signs by now than when it was begun')
      await requireUsable(context, key, deployment)
      return activate(one, key, { now: context.now(), wait_s, force: false })
    })
    this.#say(`activated: ${plan.client_id} signs by ${plan.alg} ${kid}`)
    const old = before!.signing_keys.find(({ state }) => state === 'active')!
    return { active: await inState(client, kid, 'active'), old }
  }

  #change(step: (client: RawClient, stored: Stored) => Promise<RawClient>) {
    return changeClient(this.context, this.plan.client_id, step)
  }

  /** Waits for as many seconds as `rest` says, which is asked again at times: a rollback is noticed, and a changed clock. */
  async #until(what: string, rest: (client: RawClient) => Promise<number>): Promise<void> {
    for (;;) {
      const { document } = await readDocument(this.context)
      const seconds = await rest(clientIn(document.clients, this.plan.client_id))
      if (seconds === 0) return
      await this.#wait(seconds, what)
    }
  }

  async #wait(seconds: number, what: string): Promise<void> {
    const { now, wait, terminal } = this.context
    const began = now()
    const end = began + Math.min(seconds, LOOK_S) * 1000
    const text = () => `waiting ${formatDuration(seconds - (now() - began) / 1000)} ${what}`
    // Every second on a terminal; elsewhere a line for each look, or a log would be full of them.
    terminal.progress(text())
    while (now() < end) {
      await wait(Math.min(end - now(), TICK_MS))
      if (terminal.interactive) terminal.progress(text())
    }
  }

  #say(text: string): void {
    this.context.terminal.progress()
    this.context.terminal.note(text)
  }
}

/** Somebody may have taken the rotation back meanwhile, and must not be overruled. */
async function inState(client: RawClient, kid: string, state: SigningKey['state']): Promise<SigningKey> {
  const kids = await Promise.all(client.signing_keys.map(kidOf))
  const key = client.signing_keys[kids.indexOf(kid)]
  if (key?.state === state) return key
  throw takenBack(`key ${kid} is ${key === undefined ? 'not there' : key.state}, not ${state}`)
}

function takenBack(what: string): Failure {
  return new Failure('taken_back', `Somebody has changed the rotation meanwhile: ${what}. It stops here.`, {
    exit: EXIT.refused,
    fix: 'countersign keys list shows how it stands. Is somebody else at it? If not, take out what is left over (keys retire, keys remove) and run it again.',
  })
}

/** Two rotations at once would each take the other's new key for the old one. */
function refuseAnother({ client_id, signing_keys }: RawClient): void {
  if (signing_keys.every(({ state }) => state !== 'next')) return
  throw new Failure(
    'other_next_key',
    `Client ${client_id} has got a next key meanwhile: somebody else rotates it, too.`,
    {
      exit: EXIT.refused,
      fix: 'Leave it to them.',
    },
  )
}
