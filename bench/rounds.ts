import type { Budget } from './budget.ts'
import type { Round } from './statistics.ts'

function rotated<T>(items: readonly T[], by: number): T[] {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

/**
 * Measures every item once a round, `atOnce` at a time, until the budget is used up. Each round begins with another
 * item: none always comes first. `measure` writes what it finds into the round.
 */
export async function inRounds<Item>(
  budget: Budget,
  items: readonly Item[],
  measure: (item: Item, round: Record<string, number>) => Promise<void>,
  atOnce = 1,
): Promise<Round[]> {
  const rounds: Round[] = []
  while (budget.more(rounds.length)) {
    const round: Record<string, number> = {}
    const left = rotated(items, rounds.length)
    const worker = async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await measure(item, round)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    rounds.push(round)
  }
  return rounds
}
