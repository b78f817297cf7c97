/** What came of asking AWS: its answer, or its error. */
export type Outcome<T> = { value: T; error?: never } | { value?: never; error: AwsFault }

export interface AwsFault {
  /** AWS's own name of it: `NotFoundException`. */
  name: string
  message: string
}

export async function attempt<T>(asking: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await asking }
  } catch (error) {
    const { name, message, cause } = error as Error & { code?: string }
    const { name: inner } = (cause ?? {}) as Partial<Error>
    // Of a refused connection the SDK has no message, only the system's code.
    const code = (error as { code?: string }).code
    return {
      error: { name: name === 'Error' ? (code ?? inner ?? name) : name, message: message || code || name },
    }
  }
}

export function isDenied({ name }: AwsFault): boolean {
  return name === 'AccessDeniedException' || name === 'AccessDenied'
}

/** AWS refuses a signature whose time is more than five minutes from its own; the names differ by service. */
export function isClockSkew({ name, message }: AwsFault): boolean {
  return (
    /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture)/.test(name) ||
    /Signature (expired|not yet current)/i.test(message)
  )
}

/** Each question is asked once, however many checks look at the answer. */
export function remembered<T, A = string>(
  ask: (about: A) => Promise<T>,
  nameOf: (about: A) => string = String,
): (about: A) => Promise<T> {
  const asked = new Map<string, Promise<T>>()
  return about => {
    const name = nameOf(about)
    const answer = asked.get(name) ?? ask(about)
    asked.set(name, answer)
    return answer
  }
}
