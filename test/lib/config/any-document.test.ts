import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEnvironment } from '../../../lib/config/environment.ts'
import { ConfigurationError, loggedProblems } from '../../../lib/config/problems.ts'
import { parseRegistrations } from '../../../lib/config/registrations.ts'
import { parseRing } from '../../../lib/config/ring.ts'
import { REGISTERED } from '../../support/any-client.ts'
import { anyText, at, changedText, place } from '../../support/arbitraries.ts'
import { document } from './documents.ts'

// Whatever the document is, it is taken, or every problem is said with its place; and nothing of it is said back.

const full = () => structuredClone(document(...REGISTERED))
const TEXT = JSON.stringify(full())

type Parent = Record<string, unknown> | unknown[]
type Spot = [parent: Parent, key: string | number]

/** Every place of a document, as its parent and the name or number that it has there. */
function spots(value: unknown): Spot[] {
  if (typeof value !== 'object' || value === null) return []
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return keys.flatMap(key => [
    [value as Parent, key] as Spot,
    ...spots((value as Record<string, unknown>)[key]),
  ])
}

/** Taken, or refused as it should be. */
function judged<T>(read: () => T): T | ConfigurationError {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    expect(error.problems.length).toBeGreaterThan(0)
    for (const { path, message } of error.problems) {
      expect(path).not.toBe('')
      expect(message).toMatch(/^(must |is |names |does not |has |are |both |neither )/)
    }
    expect(error.cause).toBeUndefined()
    const said = [
      JSON.stringify(error.problems),
      ...loggedProblems(error),
      error.message,
      String(error),
    ].join()
    expect(said).not.toMatch(/sentinel|canary/)
    return error
  }
}

const parse = (text: string, onLambda = true) =>
  judged(() => parseRegistrations(text, { revision: 'r', onLambda }))

const sentinel = fc.oneof(
  fc.constantFrom(
    'sentinel',
    'arn:aws:kms:eu-west-1:111122223333:key/sentinel',
    'https://sentinel.example/#',
    '',
    '/*',
  ),
  anyText(20).map(text => `sentinel${text}`),
)
/** What looks like a member's name is shown as one; nothing that could be a value does. */
const misplaced = sentinel.map(text => `sentinel-${text}`)
const value = fc.oneof(
  sentinel,
  fc.constantFrom(null, true, 0, -1, 1e21, [], {}, [null], 'tokens', 'session', 'native', 'generic', 'RS256'),
  fc.jsonValue().filter(json => JSON.stringify(json) !== undefined),
  fc.dictionary(misplaced, sentinel, { maxKeys: 2 }),
)
type Change = (spot: Spot, others: Spot[]) => void
const set = ([parent, key]: Spot, to: unknown) => {
  ;(parent as Record<string | number, unknown>)[key] = structuredClone(to)
}
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constant<Change>(([parent, key]) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else delete parent[key]
  }),
  value.map(
    (to): Change =>
      spot =>
        set(spot, to),
  ),
  // The value of another place: right in itself, and wrong there.
  place.map(
    (where): Change =>
      (spot, others) => {
        const [parent, key] = others[at(where, others.length)]!
        set(spot, (parent as Record<string | number, unknown>)[key])
      },
  ),
  fc.tuple(misplaced, value).map(
    ([name, to]): Change =>
      ([parent]) => {
        if (Array.isArray(parent)) parent.push(structuredClone(to))
        else parent[name] = structuredClone(to)
      },
  ),
)

const changedDocument = fc.array(fc.tuple(place, change), { maxLength: 3 }).map(changes => {
  const changed = full()
  for (const [where, one] of changes) {
    const all = [[changed, 'version'] satisfies Spot, ...spots(changed)]
    one(all[at(where, all.length)]!, all)
  }
  return changed
})

describe('any document', () => {
  test('a good one with up to three changes is taken with all of its clients, or refused', () => {
    const counts = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(changedDocument, fc.boolean(), (changed, onLambda) => {
        const result = parse(JSON.stringify(changed), onLambda)
        if (result instanceof ConfigurationError) {
          counts.refused++
          return
        }
        counts.taken++
        const ids = changed.clients.map(({ client_id }: { client_id: string }) => client_id)
        expect(result.clients.map(({ client_id }) => client_id)).toEqual(ids)
        for (const client of result.clients) {
          expect(client.signing_keys.filter(({ state }) => state === 'active')).toEqual([client.signing_key])
          for (const origin of client.allowed_origins) expect(result.allowed_origins).toContain(origin)
        }
      }),
      { numRuns: 1_000 },
    )
    expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(50)
  })

  test('a secret in it is refused where it stands, by its name and without its value', () => {
    const SECRETS = [
      'client_secret',
      'password',
      'private_key',
      'private_jwk',
      'd',
      'k',
      'access_token',
      'secret',
      'api_key',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...SECRETS), place, anyText(), (name, where, text) => {
        const changed = full()
        const objects = spots({ changed })
          .map(([parent, key]) => (parent as Record<string | number, unknown>)[key])
          .filter(one => typeof one === 'object' && one !== null && !Array.isArray(one)) as Record<
          string,
          unknown
        >[]
        objects[at(where, objects.length)]![name] = `canary${text}`
        const result = parse(JSON.stringify(changed))
        expect(result).toBeInstanceOf(ConfigurationError)
        const paths = (result as ConfigurationError).problems.map(({ path }) => path)
        expect(paths.some(path => path === name || path.endsWith(`.${name}`))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('any text, and a good text with a few characters changed', () => {
    // JSON.parse quotes the text around an error.
    // What looks like a member's name may be said; this does not, wherever it is put.
    const other = fc.oneof(anyText(3), fc.constant('-7sentinel7-'))
    const torn = fc
      .array(fc.tuple(place, fc.constantFrom('without', 'with', 'other'), other), {
        minLength: 1,
        maxLength: 4,
      })
      .map(changes => changes.reduce((text, [where, how, put]) => changedText(text, how, where, put), TEXT))
    const cut = place.map(where => TEXT.slice(0, at(where, TEXT.length)))
    const texts = fc.oneof(anyText(), sentinel, fc.json(), torn, cut)
    fc.assert(
      fc.property(texts, text => void parse(text)),
      { numRuns: 500 },
    )
    expect(parse(TEXT)).not.toBeInstanceOf(ConfigurationError)
  })
})

test('any ring is one to write with and those to read with, or refused without a word of what is in it', () => {
  const master = fc.oneof(
    fc.constantFrom('sentinel-'.repeat(5), 'sentinel-short'),
    anyText(60).map(text => `sentinel${text}`),
  )
  const name = fc.oneof(fc.constantFrom('k1', 'k2', 'write', '__proto__'), sentinel)
  const ring = fc.oneof(
    fc.dictionary(name, fc.oneof(master, fc.constantFrom('k1', 'k2', 7, null)), { maxKeys: 4 }),
    fc.record({ write: fc.constantFrom('k1', 'k2'), k1: master, k2: master }),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        ring.map(one => JSON.stringify(one)),
        anyText(),
      ),
      text => {
        let result: ReturnType<typeof parseRing> | ConfigurationError
        try {
          result = parseRing(text)
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
          result = error as ConfigurationError
          // A key of the ring is named in its problem, and what it is never.
          expect(result.message.replace(/^session keys\.[\w-]{1,32}:/gm, '')).not.toContain('sentinel')
          return
        }
        expect(result.masters.has(result.write)).toBe(true)
        for (const one of result.masters.values()) expect(one.length).toBeGreaterThanOrEqual(43)
      },
    ),
    { numRuns: 500 },
  )
})

test('any environment is read or refused, under the names of its variables and without their values', () => {
  const NAMES = [
    ...['COUNTERSIGN_CONFIG', 'COUNTERSIGN_SECRET_ID', 'COUNTERSIGN_SESSION_SECRET_ID', 'COUNTERSIGN_URL'],
    ...['COUNTERSIGN_LEASE_TABLE', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_LAMBDA_FUNCTION_NAME'],
    ...[
      'AWS_ENDPOINT_URL',
      'AWS_ENDPOINT_URL_KMS',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
    ],
  ]
  const good = { COUNTERSIGN_CONFIG: '{}', AWS_ACCESS_KEY_ID: 'sentinel', AWS_SECRET_ACCESS_KEY: 'sentinel' }
  const more = fc.dictionary(
    fc.constantFrom(...NAMES),
    fc.oneof(sentinel, fc.constantFrom('eu-central-1', 'https://sentinel.example.com', 'sentinel-name')),
    { maxKeys: 4 },
  )
  const variables = fc.tuple(more, fc.boolean()).map(([own, over]) => (over ? { ...good, ...own } : own))
  let read = 0
  fc.assert(
    fc.property(variables, env => {
      const result = judged(() => readEnvironment(env))
      if (!(result instanceof ConfigurationError)) read++
      for (const { path } of result instanceof ConfigurationError ? result.problems : []) {
        for (const one of path.split(', '))
          expect([...NAMES, 'AWS_ENDPOINT_URL_SECRETS_MANAGER']).toContain(one)
      }
    }),
    { numRuns: 1_000 },
  )
  expect(read).toBeGreaterThan(10)
})
