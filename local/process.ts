/** Resolves at SIGINT or SIGTERM. A second signal ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise(resolve => {
    const onSignal = () => {
      process.once('SIGINT', () => process.exit(1))
      process.once('SIGTERM', () => process.exit(1))
      resolve()
    }
    process.once('SIGINT', onSignal)
    process.once('SIGTERM', onSignal)
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
