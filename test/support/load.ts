/** What came of a load. */
export interface Load {
  /** Started so far. */
  started: number
  ended: number
  /** What each failed one said. */
  failures: string[]
}

/** Begins `one` so many times a second, however long each takes, until it is stopped; then resolves when all have ended. */
export function startLoad(perSecond: number, one: () => Promise<void>): Load & { stop(): Promise<void> } {
  const load: Load = { started: 0, ended: 0, failures: [] }
  const running = new Set<Promise<void>>()
  const begin = () => {
    load.started++
    const work = one()
      .catch(error => {
        load.failures.push(error instanceof Error ? error.message : String(error))
      })
      .finally(() => {
        load.ended++
        running.delete(work)
      })
    running.add(work)
  }
  const timer = setInterval(begin, 1000 / perSecond)
  return Object.assign(load, {
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
    },
  })
}
