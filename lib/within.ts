/** The promise's value, or undefined where it takes longer than `ms`; it then goes on unheeded. Rejects as it does in time. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What fails or takes too long is not kept: a request that needs it does it itself, and reports it. Never rejects. */
export async function inTime(ms: number, work: () => Promise<unknown>): Promise<void> {
  await within(ms, work()).catch(() => {})
}

export function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
