import { misuse } from './failure.ts'

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const

/** `90s`, `20m`, `24h`, `1h30m`, `2d`, or seconds alone: in seconds. Throws Failure, which names the option. */
export function parseDuration(option: string, text: string): number {
  if (/^\d{1,8}$/.test(text)) return Number(text)
  const parts = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text)
  if (!parts) throw misuse(`--${option} takes a duration such as 90s, 20m, 24h or 1h30m, not "${text}".`)
  return UNITS.reduce((sum, [, seconds], i) => sum + Number(parts[i + 1] ?? 0) * seconds, 0)
}

/** `1h 30m`: the way a person reads it, without what is nought. */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds))
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
  }
  return parts.join(' ') || '0s'
}

/** RFC 3339 in UTC and whole seconds, as the document has its times. */
export function timestamp(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}
