/** Until when one measurement may go on. */
export interface Budget {
  /** There is time for another round. The first one is always made. */
  more(done: number): boolean
}

/** A run of at most `seconds`, of which each measurement gets a share; what one leaves unused, the later ones have. */
export function createBudgets(
  seconds: number,
  shares: Readonly<Record<string, number>>,
  now: () => number = () => performance.now(),
) {
  const started = now()
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0)
  let due = 0
  return (name: string, rounds: number): Budget => {
    due += ((shares[name] ?? 0) / total) * seconds * 1000
    const end = started + due
    return { more: done => done < rounds && (done === 0 || now() < end) }
  }
}
