/** Stands in for the authorizer of the session delivery: it lets nobody through. */
export const ready: Promise<void> = Promise.resolve()

export async function handler(): Promise<never> {
  throw new Error('Unauthorized')
}
