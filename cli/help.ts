import { COMMON, type Command, type Options } from './command.ts'

const OVERVIEW = `countersign <command> [options]

Sets up, checks and runs a deployment of Countersign. The configuration is found by --secret-id or
COUNTERSIGN_SECRET_ID, AWS by the ordinary settings of the AWS SDK (AWS_REGION, AWS_PROFILE, …).
`

const EXIT_CODES = `Exit code: 0 done, 1 failed (or a check did), 2 the command line is wrong, 3 not now (too early, or changed meanwhile).
`

/** Every command in one line each. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `${OVERVIEW}\n${lines.join('\n')}\n\ncountersign <command> --help says more. Every command takes --json.\n\n${EXIT_CODES}`
}

/** The help of one command. */
export function helpOf({ name, summary, details, options }: Command): string {
  return [
    `countersign ${name} [options]`,
    '',
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    ...(details === undefined ? [] : ['', details.trimEnd()]),
    '',
    ...optionLines({ ...options, ...COMMON }),
    '',
    EXIT_CODES,
  ].join('\n')
}

function optionLines(options: Options): string[] {
  const rows = Object.entries(options).map(([name, { type, value = 'TEXT', help, multiple }]) => [
    `--${name}${type === 'string' ? ` ${value}` : ''}${multiple ? ' …' : ''}`,
    help,
  ])
  const width = Math.max(...rows.map(([left = '']) => left.length))
  return rows.map(([left = '', right]) => `  ${left.padEnd(width)}  ${right}`)
}
