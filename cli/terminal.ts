import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { Failure } from './failure.ts'

/** Where a command speaks: results on standard output, everything else on standard error. Tests pass literals. */
export interface Terminal {
  /** A person sits there, and can be asked. */
  readonly interactive: boolean
  /** One line of the result. */
  out(line: string): void
  /** One line beside it. */
  note(line: string): void
  /** What is being waited for: a spinner on a terminal, elsewhere one line for each text. Ends where it is called with nothing. */
  progress(text?: string): void
  /** Asks; an empty answer is `fallback`. Only where `interactive`. */
  ask(question: string, fallback?: string): Promise<string>
  paint(style: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string): string
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

export function systemTerminal(): Terminal {
  const { stdin, stdout, stderr } = process
  let spinner: NodeJS.Timeout | undefined
  let shown: string | undefined
  let frame = 0

  const clear = () => {
    if (spinner === undefined) return
    clearInterval(spinner)
    spinner = undefined
    stderr.write('\r\u001b[2K')
  }
  const interactive = Boolean(stdin.isTTY && stderr.isTTY)
  return {
    interactive,
    out(line) {
      clear()
      stdout.write(`${line}\n`)
    },
    note(line) {
      clear()
      stderr.write(`${line}\n`)
    },
    progress(text) {
      if (!stderr.isTTY) {
        if (text !== undefined && text !== shown) stderr.write(`${text}\n`)
        shown = text
        return
      }
      clear()
      if (text === undefined) return
      const draw = () => stderr.write(`\r\u001b[2K${FRAMES[frame++ % FRAMES.length]} ${text}`)
      draw()
      spinner = setInterval(draw, FRAME_MS)
      // What is waited for keeps the process alive, not the picture of waiting.
      spinner.unref()
    },
    async ask(question, fallback) {
      clear()
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        const answer = await lines.question(
          fallback === undefined ? `${question}: ` : `${question} [${fallback}]: `,
        )
        return answer.trim() || (fallback ?? '')
      } catch {
        // Ctrl+C or Ctrl+D.
        throw new Failure('cancelled', 'No answer was given.')
      } finally {
        lines.close()
      }
    },
    // styleText heeds NO_COLOR, FORCE_COLOR and whether the stream is a terminal.
    paint: (style, text) => styleText(style, text, { stream: stdout }),
  }
}
