import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { COMMON, type Command, parserOptions, type Result } from './command.ts'
import { COMMANDS } from './commands.ts'
import { createContext, type Surroundings } from './context.ts'
import { EXIT, Failure, misuse } from './failure.ts'
import { helpOf, overview } from './help.ts'
import { plainJson, plainLines } from './plain.ts'

/** Runs one command line. Returns the exit code; never rejects. */
export async function runCommand(
  args: readonly string[],
  surroundings: Surroundings,
  commands: readonly Command[] = COMMANDS,
): Promise<number> {
  const { terminal } = surroundings
  const json = args.includes('--json')
  try {
    const found = find(args, commands)
    if (found === undefined) return introduce(args, commands, terminal)
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
function find(
  args: readonly string[],
  commands: readonly Command[],
): { command: Command; rest: string[] } | undefined {
  for (const words of [2, 1]) {
    const command = commands.find(({ name }) => name === args.slice(0, words).join(' '))
    if (command) return { command, rest: args.slice(words) }
  }
  return undefined
}

/** No command: help or the version where it was asked for, otherwise what there is. */
function introduce(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Surroundings['terminal'],
): number {
  const [first, second] = args
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  const listed = group.length > 0 ? group : commands
  if (first === '--version') {
    terminal.out(version())
    return EXIT.done
  }
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

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

function read({ name, options }: Command, args: string[]): Record<string, unknown> {
  try {
    const known = parserOptions({ ...options, ...COMMON })
    return parseArgs({ args: joined(args, known), options: known, allowPositionals: false }).values
  } catch (error) {
    throw misuse(`${(error as Error).message}\ncountersign ${name} --help says what there is.`)
  }
}

/**
 * A value may begin with a dash, as one `kid` in 64 does (RFC 7638), and parseArgs takes it in one word with its option alone.
 * No option of ours has a single dash.
 */
function joined(args: readonly string[], options: ReturnType<typeof parserOptions>): string[] {
  return args.flatMap((arg, i) => {
    const takesNext = (one = '') => one.startsWith('--') && options[one.slice(2)]?.type === 'string'
    if (/^-[^-]/.test(arg) && takesNext(args[i - 1])) return []
    const next = args[i + 1] ?? ''
    return takesNext(arg) && /^-[^-]/.test(next) ? [`${arg}=${next}`] : [arg]
  })
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
  const fix = fixOf(name, message)
  return new Failure(
    name,
    name === 'Error' ? message : `${name}: ${message}`,
    fix === undefined ? {} : { fix },
  )
}

/** What the SDK and the network say, and seldom what to do. */
function fixOf(name: string, message: string): string | undefined {
  if (/region is missing/i.test(message)) return 'Set AWS_REGION, or name the secret by its ARN.'
  if (/credential|token is (?:expired|invalid)/i.test(`${name} ${message}`)) {
    return 'Set AWS_PROFILE to a profile that exists, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; sign in again where a session has run out.'
  }
  if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|TimeoutError/.test(`${name} ${message}`)) {
    return 'Is AWS_REGION a Region, and AWS_ENDPOINT_URL_… (if set) right? Is there a network?'
  }
  switch (name) {
    case 'ResourceNotFoundException':
      return "Name the deployment's secret by --secret-id or COUNTERSIGN_SECRET_ID (the stack's output ConfigurationSecretArn), and its Region by AWS_REGION."
    case 'AccessDeniedException':
      return 'The statement that is missing stands in the message. docs/operations.md says who may do what.'
    case 'ThrottlingException':
      return 'AWS asks for fewer requests: try again in a moment.'
    default:
      return undefined
  }
}
