import type { Control, Fault } from '../../local/aws/control.ts'
import type { Mood, Upstream } from './upstream.ts'

/** What is wrong for a while. */
export interface Weather {
  name: string
  kms?: Fault
  secrets?: Fault
  mood?: Mood
  /** What the exchanges of that time may be answered with. */
  statuses: number[]
}

const CALM: Weather = { name: 'calm', statuses: [200] }
const unavailable: Fault = { kind: 'error', name: 'ServiceUnavailable', status: 503 }

/** In this order, calm in between. Secrets Manager is down through the second half, so that a read falls into it. */
const FOUL: Weather[] = [
  { name: 'KMS throttled', kms: { kind: 'error', name: 'ThrottlingException' }, statuses: [200, 503] },
  { name: 'KMS slow', kms: { kind: 'delay', ms: 700 }, statuses: [200] },
  { name: 'KMS resets', kms: { kind: 'reset' }, statuses: [200, 503] },
  { name: 'Secrets Manager down', secrets: unavailable, statuses: [200] },
  { name: 'provider 503', secrets: unavailable, mood: 'unavailable', statuses: [200, 503] },
  { name: 'provider late', secrets: unavailable, mood: 'late', statuses: [200] },
  { name: 'provider resets', secrets: unavailable, mood: 'reset', statuses: [200, 502] },
]

/** Longest that one kind lasts. */
const SPELL_S = 6

/** From now to the end, each with when it begins in seconds; it begins and ends calm. */
export function forecast(seconds: number): { from: number; weather: Weather }[] {
  const spell = Math.min(SPELL_S, seconds / (2 * FOUL.length + 1))
  const count = Math.floor(seconds / spell)
  return Array.from({ length: count }, (_, i) => ({
    from: i * spell,
    weather: i % 2 === 0 || i === count - 1 ? CALM : FOUL[((i - 1) / 2) % FOUL.length]!,
  }))
}

export async function change(
  weather: Weather,
  { kms, secrets, upstream }: { kms: Control; secrets: Control; upstream: Upstream },
): Promise<void> {
  upstream.mood = weather.mood ?? 'well'
  await Promise.all([
    kms.fault('Sign', weather.kms ?? null),
    secrets.fault('GetSecretValue', weather.secrets ?? null),
  ])
}
