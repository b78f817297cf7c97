import type { RawClient } from '../document.ts'
import { EXIT, Failure } from '../failure.ts'
import { quoted } from '../quoted.ts'
import type { Terminal } from '../terminal.ts'
import type { Answers } from './answers.ts'
import { foreignHosts, type Pinned } from './endpoints.ts'
import type { Flags } from './options.ts'
import type { Target } from './target.ts'

// What is not done without a yes: a person's, or a flag where nobody is asked.

/** Throws Failure where the client that is there is to stay. */
export async function requireReplacing(
  { client_id }: Answers,
  flags: Flags,
  terminal: Terminal | undefined,
): Promise<void> {
  if (flags.replace) return
  if (terminal && (await agreed(terminal, `There is a client "${client_id}" already. Replace it?`, 'no')))
    return
  throw new Failure('client_exists', `There is a client "${client_id}" already.`, {
    fix: '--replace replaces it; of the same issuer, its keys stay.',
    exit: EXIT.refused,
  })
}

/** Throws Failure where an endpoint is on a host that nobody has allowed. */
export async function requireHosts(
  { issuer }: Answers,
  endpoints: Pinned,
  flags: Flags,
  terminal: Terminal | undefined,
): Promise<void> {
  const allowed = flags['allow-host'] ?? []
  const foreign = [...foreignHosts(issuer, endpoints)].filter(([host]) => !allowed.includes(host))
  if (foreign.length === 0) return
  const listed = foreign.map(([host, names]) => `  ${host}: ${names.join(', ')}`)
  const message = `Endpoints on another host than the issuer's:\n${listed.join('\n')}`
  if (terminal) {
    terminal.note(message)
    if (await agreed(terminal, 'Do they belong to the provider?', 'no')) return
  }
  throw new Failure('foreign_host', message, {
    fix: `If they belong to the provider: ${foreign.map(([host]) => `--allow-host ${quoted(host)}`).join(' ')}`,
  })
}

/** Shows what would be written. Throws Failure where it is not to be. */
export async function confirm(
  terminal: Terminal,
  draft: RawClient,
  key: string,
  remarks: readonly string[],
  { name, isNew }: Target,
): Promise<void> {
  const { signing_keys: _, ...shown } = draft
  terminal.note(JSON.stringify(shown, null, 2))
  terminal.note(`Its key: ${key}`)
  for (const remark of remarks) terminal.note(`${terminal.paint('yellow', 'notice')} ${remark}`)
  if (await agreed(terminal, isNew ? `Create ${name} with it?` : `Write it to ${name}?`, 'yes')) return
  throw new Failure('cancelled', 'Nothing was changed.', { exit: EXIT.refused })
}

async function agreed(terminal: Terminal, question: string, fallback: 'yes' | 'no'): Promise<boolean> {
  return /^y(?:es)?$/i.test(await terminal.ask(question, fallback))
}
