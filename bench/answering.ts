// The child's end of bench/processes.ts: questions come in over IPC, and each gets its answer.

export interface Question {
  id: number
  name: string
  argument: unknown
}

export type Answer = { id: number; value: unknown } | { id: number; error: string }

/** The processor time of this process so far, in milliseconds: user and system, every thread. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Tells the parent that this process is ready, answers its questions, and ends when the parent does. */
export function answerQuestions(
  ready: unknown,
  // biome-ignore lint/suspicious/noExplicitAny: each question has an argument of its own
  answers: Record<string, (argument: any) => unknown>,
): void {
  const send = (message: unknown) => process.send?.(message)
  process.on('message', async ({ id, name, argument }: Question) => {
    try {
      const answer = answers[name]
      if (!answer) throw new Error(`no answer to ${name}`)
      send({ id, value: await answer(argument) } satisfies Answer)
    } catch (error) {
      send({ id, error: String((error as Error).stack ?? error) } satisfies Answer)
    }
  })
  process.on('disconnect', () => process.exit())
  send({ ready })
}
