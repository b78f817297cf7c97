import type { ParseArgsConfig } from 'node:util'
import type { Context } from './context.ts'

export interface Option {
  type: 'string' | 'boolean'
  multiple?: true
  /** What stands for the value in the help: `ARN`. */
  value?: string
  help: string
}

export type Options = Readonly<Record<string, Option>>

/** The values of a command line, by their options' names. */
export type Values<O extends Options> = {
  [Name in keyof O]: O[Name]['type'] extends 'boolean'
    ? boolean | undefined
    : O[Name] extends { multiple: true }
      ? string[] | undefined
      : string | undefined
}

/** What a command has done: for a script (`--json`) and for a person. */
export interface Result {
  json: object
  /** The lines of the result. Left out where the command has said everything while it ran. */
  lines?: readonly string[]
  /** Default true. False ends in exit code 1 although there is a result. */
  ok?: boolean
}

export interface Command<O extends Options = Options> {
  /** `doctor`, `keys list`. */
  name: string
  /** One line, as the overview shows it. */
  summary: string
  /** What the help of the command says beside its options. */
  details?: string
  options: O
  run(context: Context, values: Values<O> & Values<typeof COMMON>): Promise<Result>
}

/** Keeps the options' types for `run`. */
export function command<const O extends Options>(definition: Command<O>): Command {
  return definition as unknown as Command
}

/** Options of every command. */
export const COMMON = {
  'secret-id': {
    type: 'string',
    value: 'ID',
    help: 'name or ARN of the configuration secret (default: COUNTERSIGN_SECRET_ID)',
  },
  json: { type: 'boolean', help: 'print one JSON object' },
  help: { type: 'boolean', help: 'this text' },
} as const satisfies Options

/** As node:util reads a command line. */
export function parserOptions(options: Options): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple }]) => [
      name,
      { type, ...(multiple && { multiple }) },
    ]),
  )
}
