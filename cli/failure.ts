/** What a script can tell apart. Documented in docs/operations.md. */
export const EXIT = {
  done: 0,
  /** A check failed, or the work could not be done. */
  failed: 1,
  /** The command line is not right. */
  usage: 2,
  /** Not now: a step comes too early, or somebody else changed the configuration meanwhile. It was not changed by this step. */
  refused: 3,
} as const

/** Why a command ended without its result. The message is for a person; `fix` says what to do. */
export class Failure extends Error {
  override readonly name = 'Failure'
  /** A word for scripts: `too_early`, `changed_meanwhile`, … */
  readonly code: string
  readonly fix: string | undefined
  readonly exit: number

  constructor(
    code: string,
    message: string,
    { fix, exit = EXIT.failed }: { fix?: string; exit?: number } = {},
  ) {
    super(message)
    this.code = code
    this.fix = fix
    this.exit = exit
  }
}

/** The command line is not right. */
export function misuse(message: string, fix?: string): Failure {
  return new Failure('usage', message, { exit: EXIT.usage, ...(fix !== undefined && { fix }) })
}
