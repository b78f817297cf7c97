/** Milliseconds since the epoch with their fraction: spans of different threads are laid side by side by it. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now()
}

/** When something began and ended, by `epochMs`. */
export interface Span {
  start: number
  end: number
}
