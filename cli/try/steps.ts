import { Failure } from '../failure.ts'
import { plain } from '../plain.ts'
import type { Terminal } from '../terminal.ts'

export interface Step {
  step: string
  ok: boolean
  detail: string
}

/** What has happened so far, said as it happens. */
export interface Steps {
  readonly list: readonly Step[]
  done(step: string, detail: string): void
  /** Whatever throws, or rejects, is the step's failure; `detail` goes before the reason. */
  run<T>(step: string, work: () => T, detail?: string): T
  wait<T>(step: string, work: Promise<T>): Promise<T>
}

/** Says it at `terminal`, where there is one. */
export function createSteps(terminal: Terminal | undefined): Steps {
  const list: Step[] = []
  const add = (step: Step) => {
    list.push(step)
    if (!terminal) return
    const mark = step.ok ? '' : `${terminal.paint('red', 'failed')} `
    terminal.progress()
    const colon = step.detail.startsWith('->') ? '' : ':'
    terminal.out(`${list.length} ${step.step}${colon} ${mark}${plain(step.detail)}`)
  }
  const failed = (step: string, error: unknown, detail?: string): never => {
    if (error instanceof Failure) {
      add({ step, ok: false, detail: [detail, error.message].filter(Boolean).join('; ') })
      if (error.fix !== undefined) terminal?.note(`  ${plain(error.fix)}`)
    }
    throw error
  }
  return {
    list,
    done: (step, detail) => add({ step, ok: true, detail }),
    run(step, work, detail) {
      try {
        return work()
      } catch (error) {
        return failed(step, error, detail)
      }
    },
    wait: (step, work) => work.catch(error => failed(step, error)),
  }
}
