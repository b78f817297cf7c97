import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { onLambda, type RawClient } from '../document.ts'
import { EXIT, Failure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { type Answers, answersOf } from './answers.ts'
import { confirm, requireHosts, requireReplacing } from './consent.ts'
import { requireSignIn } from './delivery.ts'
import { discover } from './discovery.ts'
import { pinEndpoints } from './endpoints.ts'
import { planKey, withMadeKey } from './key.ts'
import { nextSteps } from './next.ts'
import { chooseAlg, methodNotices } from './offers.ts'
import { DETAILS, type Flags, OPTIONS } from './options.ts'
import { leftOut, placeOf, registration, requireValid, withClient } from './registration.ts'
import { isNamed, type Target, targetOf } from './target.ts'

export const init = command({
  name: 'init',
  summary: "writes a client's registration, with every endpoint of its provider pinned",
  details: DETAILS,
  options: OPTIONS,
  async run(context, flags) {
    // Whoever is asked sits at a terminal and has not said `--yes`.
    const terminal = context.terminal.interactive && !flags.yes ? context.terminal : undefined
    const homeless = flags.out === undefined && !isNamed(context)
    if (terminal && homeless) context.secretId()
    const answers = await answersOf(flags, terminal, homeless)
    const target = await targetOf(context, flags)
    const previous = target.base.clients.find(({ client_id }) => client_id === answers.client_id)
    if (previous) await requireReplacing(answers, flags, terminal)
    if (target.isNew && !terminal && !flags.yes) throw secretMissing(target)

    const provider = await readProvider(context, answers, flags, terminal, previous)
    requireSignIn(answers, provider.endpoints)
    await requireHosts(answers, provider.endpoints, flags, terminal)
    return write(context, { answers, flags, terminal, target, previous, ...provider })
  },
})

/** What the provider says, held against what is wanted of it. */
async function readProvider(
  context: Context,
  { provider, issuer }: Answers,
  flags: Flags,
  terminal: Terminal | undefined,
  previous: RawClient | undefined,
) {
  if (!flags['no-discovery']) context.terminal.progress(`reading the discovery document of ${issuer}`)
  const metadata = flags['no-discovery'] ? undefined : (await discover(issuer)).metadata
  context.terminal.progress()
  const method = metadata ? methodNotices(metadata, flags.force) : []
  const sameIssuer = previous?.issuer === issuer ? previous : undefined
  const active = sameIssuer?.signing_keys.find(({ state }) => state === 'active')
  const wanted = flags.alg ?? active?.alg
  const { force } = flags
  const { alg, notices } = await chooseAlg({ provider, metadata, wanted, force, terminal })
  const given = {
    ...(flags['authorization-endpoint'] && { authorization_endpoint: flags['authorization-endpoint'] }),
    ...(flags['token-endpoint'] && { token_endpoint: flags['token-endpoint'] }),
    ...(flags['jwks-uri'] && { jwks_uri: flags['jwks-uri'] }),
  }
  const pinned = pinEndpoints({ provider, issuer }, given, metadata)
  return {
    alg,
    endpoints: pinned.endpoints,
    // RFC 9207 section 3. Only what the provider itself says: where it is wrong, no sign-in ends well.
    iss_supported: metadata?.authorization_response_iss_parameter_supported === true,
    sameIssuer,
    remarks: [...method, ...notices, ...pinned.notices],
  }
}

interface Work extends Awaited<ReturnType<typeof readProvider>> {
  answers: Answers
  flags: Flags
  terminal: Terminal | undefined
  target: Target
  previous: RawClient | undefined
}

async function write(context: Context, work: Work): Promise<Result> {
  const { answers, flags, terminal, target, previous, sameIssuer, alg, endpoints, iss_supported } = work
  const { base, deployment } = target
  const { x5t } = answers
  const arn = flags['kms-key-arn']
  const { force, signer } = flags
  const wanted = { alg, x5t, arn, document: base, previous: sameIssuer, deployment, signer, force }
  const plan = await planKey(context, wanted)
  const at = placeOf(base, answers.client_id)
  const draft = registration(answers, endpoints, flags, plan.keys ?? [], iss_supported)
  const lambda = onLambda(deployment)
  requireValid(withClient(base, draft), at, { onLambda: lambda, keyless: plan.keys === undefined })
  const remarks = [...work.remarks, ...(previous ? leftOut(previous, draft) : [])]
  if (terminal) await confirm(terminal, draft, plan.says, remarks, target)

  const client = registration(answers, endpoints, flags, await plan.make(), iss_supported)
  const document = withClient(base, client)
  const notices = [...remarks, ...requireValid(document, at, { onLambda: lambda, keyless: false })]
  const version_id = await writeOrTellTheKey(target, document, plan.keys === undefined ? client : undefined)
  const next = nextSteps(answers, deployment.url, plan.waiting, flags.scope)
  const toStdout = flags.out === '-'
  const json = { ok: true, ...(version_id !== undefined && { version_id }), client, notices, next }
  const where = version_id === undefined ? target.name : `${target.name}, version ${version_id}`
  const said = [
    `${context.terminal.paint('green', 'written')}  ${client.client_id}: ${where}`,
    ...notices.map(notice => `${context.terminal.paint('yellow', 'notice')}   ${notice}`),
    '',
    'Next:',
    ...next.map((step, i) => `  ${i + 1}. ${step}`),
  ]
  if (!toStdout) return { json, lines: said }
  if (!flags.json) for (const line of said) context.terminal.note(line)
  return { json: { ...json, document }, lines: [JSON.stringify(document, null, 2)] }
}

/** A key that was made and is in no document would be forgotten, and cost money. */
async function writeOrTellTheKey(
  target: Target,
  document: Parameters<Target['write']>[0],
  made: RawClient | undefined,
) {
  try {
    return await target.write(document)
  } catch (error) {
    const arn = made?.signing_keys[0]?.kms_key_arn
    if (arn === undefined) throw error
    const { message, code = 'not_written', exit = EXIT.failed } = error as Failure
    throw new Failure(code, message, {
      fix: withMadeKey(arn),
      exit,
    })
  }
}

function secretMissing({ name }: Target): Failure {
  return new Failure('secret_missing', `There is no such thing as ${name} yet.`, {
    fix: 'Is the Region right? --yes creates it.',
  })
}
