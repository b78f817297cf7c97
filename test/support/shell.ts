import { execFileSync } from 'node:child_process'

/** The words that a POSIX shell makes of a command line. Whatever it would run besides is said by an Error. */
export function wordsOf(line: string): string[] {
  const [program = ''] = line.split(' ')
  const script = `${program}() { printf '%s\\0' ${program} "$@"; }\n${line}`
  // No PATH: a line that breaks out runs nothing.
  const out = execFileSync('/bin/sh', ['-eu', '-c', script], { env: { PATH: '/nowhere' }, encoding: 'utf8' })
  return out.split('\0').slice(0, -1)
}
