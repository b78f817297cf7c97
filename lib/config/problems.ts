import { PROBLEMS_LOGGED_MAX } from '../limits.ts'

/** One fault of the configuration: where it is, and a fixed text. Neither holds a value of the document. */
export interface Problem {
  /** As in `clients[0].redirect_uris[1]`, or the name of an environment variable. */
  path: string
  message: string
}

/** What a fault of the whole document is filed under. */
export const DOCUMENT = '(document)'

/** `path: message`, the form in which a problem is printed. */
export function problemLine({ path, message }: Problem): string {
  return `${path}: ${message}`
}

/**
 * The configuration cannot be used. Lists everything that is wrong at once, one problem a line, so that nobody
 * has to deploy once per mistake. Safe to log: it carries no ARN, account id, client id or URL, and no `cause`
 * (a JSON syntax error quotes the text around it).
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(problemLine).join('\n'))
    this.problems = problems
  }
}

/** The problems of an error as lines for a log, the first `PROBLEMS_LOGGED_MAX` of them. */
export function loggedProblems({ problems }: ConfigurationError): string[] {
  const lines = problems.slice(0, PROBLEMS_LOGGED_MAX).map(problemLine)
  const more = problems.length - lines.length
  return more > 0 ? [...lines, `and ${more} more`] : lines
}

/**
 * The path with one more member. The name of an unknown member is the document's own text, and a misplaced value
 * can stand there (`{ "arn:aws:…": … }`), so only what looks like a member's name is shown.
 */
export function memberPath(parent: string, name: string): string {
  const shown = /^(?:[A-Za-z_]{1,40}|x5[a-z](?:#S256)?)$/.test(name) ? name : '(unnamed)'
  return parent === '' ? shown : `${parent}.${shown}`
}
