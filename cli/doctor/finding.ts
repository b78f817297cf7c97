import { plain } from '../plain.ts'

/** What one look at one thing has found. */
export type Finding =
  | { status: 'ok'; detail: string }
  /** `aside`: nothing rests on it, so that what comes after is looked at all the same. */
  | { status: 'fail'; detail: string; fix: string; aside?: true }
  /** `rests_on`: the check that has to be put right first. */
  | { status: 'skip'; detail: string; fix: string; rests_on?: string }

export function ok(detail: string): Finding {
  return { status: 'ok', detail }
}

export function fail(detail: string, fix: string): Finding {
  return { status: 'fail', detail, fix }
}

/** A fault that stands in no other check's way. */
export function failAside(detail: string, fix: string): Finding {
  return { status: 'fail', detail, fix, aside: true }
}

/** Could not be looked at, or there is nothing to look at. What rests on it is looked at as far as it can be. */
export function skip(detail: string, fix = ''): Finding {
  return { status: 'skip', detail, fix }
}

export function restsOn(id: string): Finding {
  return { status: 'skip', detail: `not looked at: rests on ${id}`, fix: '', rests_on: id }
}

/** A finding and whose it is: a client's, or everybody's. */
export interface Found {
  client?: string
  finding: Finding
}

/** One line of the result: every member is always there. */
export interface Check {
  id: string
  status: Finding['status']
  detail: string
  /** What to do about it. Empty where there is nothing to do. */
  fix: string
}

/** All findings of one check in one line: the worst of them decides. `several`: it says whose each is. */
export function summed(id: string, found: readonly Found[], several: boolean): Check {
  const status = worst(found)
  // Beside a fault nobody wants to read what is in order.
  const told = found.filter(({ finding }) => status !== 'fail' || finding.status === 'fail')
  const fixes = told.map(({ finding }) => ('fix' in finding ? finding.fix : '')).filter(Boolean)
  return {
    id,
    status,
    detail: printable(grouped(told, several).join('; ')),
    fix: printable([...new Set(fixes)].join(' ')),
  }
}

/** `ok` beside `skip` is ok: something was looked at, and the detail says what was not. */
function worst(found: readonly Found[]): Finding['status'] {
  const has = (status: Finding['status']) => found.some(({ finding }) => finding.status === status)
  return has('fail') ? 'fail' : has('ok') ? 'ok' : 'skip'
}

/** `app-1, app-2: …`: the same words once. */
function grouped(found: readonly Found[], several: boolean): string[] {
  const byDetail = new Map<string, string[]>()
  for (const { client, finding } of found) {
    const clients = byDetail.get(finding.detail) ?? []
    if (several && client !== undefined && !clients.includes(client)) clients.push(client)
    byDetail.set(finding.detail, clients)
  }
  return [...byDetail].map(([detail, clients]) =>
    clients.length === 0 ? detail : `${clients.join(', ')}: ${detail}`,
  )
}

/** One line. A server's words may stand in it: nothing of them may move a terminal's cursor, or fill the screen. */
function printable(text: string): string {
  const line = plain(text.replace(/\s+/g, ' '))
  return line.length <= TEXT_MAX ? line : `${line.slice(0, TEXT_MAX)} …`
}

const TEXT_MAX = 2_000
