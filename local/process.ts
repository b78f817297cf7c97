// Who reads the log may leave before (`… | head`): that must not end what runs.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** Longest that an orderly end may take. */
const END_MS = 4_000

/**
 * Resolves at the first SIGINT or SIGTERM. More of them change nothing: at Ctrl+C the terminal signals this process,
 * and npm passes its own on. Whatever hangs then is ended after `END_MS`.
 */
export function untilSignal(): Promise<void> {
  return new Promise(resolve => {
    const onSignal = () => {
      setTimeout(() => process.exit(1), END_MS).unref()
      resolve()
    }
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  })
}

/** Says why on standard error and ends with exit code 1. */
export function fail(message: string): never {
  process.stderr.write(`${message.trimEnd()}\n`)
  process.exit(1)
}

/** The one clear line for a port that is taken, or undefined where the error is another. `how` chooses another port. */
export function portInUse(error: NodeJS.ErrnoException & { port?: number }, how: string): string | undefined {
  if (error.code !== 'EADDRINUSE') return undefined
  return `Port ${error.port} is in use: end what listens there, or choose another with ${how} (0 takes a free one).`
}
