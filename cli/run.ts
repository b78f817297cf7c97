import { parseArgs } from 'node:util'
import { COMMON, type Command, parserOptions, type Result } from './command.ts'
import { COMMANDS } from './commands.ts'
import { createContext, type Surroundings } from './context.ts'
import { EXIT, Failure, misuse } from './failure.ts'
import { helpOf, overview } from './help.ts'
import { plainJson, plainLines } from './plain.ts'

/** Runs one command line. Returns the exit code; never rejects. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings
  const json = args.includes('--json')
  try {
    const found = find(args)
    if (found === undefined) return introduce(args, terminal)
    const values = read(found.command, found.rest)
    if (values.help) {
      terminal.out(helpOf(found.command).trimEnd())
      return EXIT.done
    }
    const context = createContext(surroundings, values['secret-id'] as string | undefined)
    const result = await found.command.run(context, values as never)
    terminal.progress()
    show(result, json, terminal)
    return result.ok === false ? EXIT.failed : EXIT.done
  } catch (error) {
    terminal.progress()
    return fail(error, json, terminal)
  }
}

/** The longest name that the line begins with: `keys list` before `keys`. */
function find(args: readonly string[]): { command: Command; rest: string[] } | undefined {
  for (const words of [2, 1]) {
    const command = COMMANDS.find(({ name }) => name === args.slice(0, words).join(' '))
    if (command) return { command, rest: args.slice(words) }
  }
  return undefined
}

/** No command: help where it was asked for, otherwise what there is. */
function introduce(args: readonly string[], terminal: Surroundings['terminal']): number {
  const [first, second] = args
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  const listed = group.length > 0 ? group : COMMANDS
  const asked = first === undefined || args.includes('--help') || first === 'help'
  if (asked) {
    terminal.out(overview(listed).trimEnd())
    return first === undefined ? EXIT.usage : EXIT.done
  }
  const named = group.length > 0 && second?.startsWith('-') === false ? `${first} ${second}` : first
  throw misuse(
    `There is no command "${named}". There are:\n${listed.map(({ name }) => `  ${name}`).join('\n')}`,
  )
}

function read({ name, options }: Command, args: string[]): Record<string, unknown> {
  try {
    return parseArgs({ args, options: parserOptions({ ...options, ...COMMON }), allowPositionals: false })
      .values
  } catch (error) {
    throw misuse(`${(error as Error).message}\ncountersign ${name} --help says what there is.`)
  }
}

function show({ json, lines = [] }: Result, asJson: boolean, terminal: Surroundings['terminal']): void {
  if (asJson) terminal.out(plainJson(json))
  else for (const line of lines) terminal.out(line)
}

function fail(error: unknown, json: boolean, terminal: Surroundings['terminal']): number {
  const failure = error instanceof Failure ? error : unforeseen(error)
  const { code, message, fix, exit } = failure
  if (json)
    terminal.out(plainJson({ ok: false, error: { code, message, ...(fix !== undefined && { fix }) } }))
  else {
    terminal.note(`${terminal.paint('red', 'error')} ${plainLines(message)}`)
    if (fix !== undefined) terminal.note(`      ${plainLines(fix)}`)
  }
  return exit
}

/** An AWS error in its own words: whoever runs this is the operator, and may read the ARNs in it. */
function unforeseen(error: unknown): Failure {
  const { name = 'Error', message = String(error) } = (error ?? {}) as Partial<Error>
  return new Failure(name, name === 'Error' ? message : `${name}: ${message}`)
}
