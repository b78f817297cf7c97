/** Who may refresh one refresh token now, across containers. Every method rejects where the store cannot be reached. */
export interface LeaseStore {
  /**
   * 'taken': it is `owner`'s until LEASE_S from now. A sealed result: somebody has refreshed already. 'held': somebody
   * is at it. An owner that has a lease and asks again (its answer was lost) has it: so each try needs a name of its own.
   */
  take(key: string, owner: string, now_s: number): Promise<'taken' | 'held' | { sealed: string }>
  /** Hands the result to whoever asks for the same key; kept for RESULT_KEPT_S. Only the owner's: any other is dropped. */
  finish(key: string, owner: string, sealed: string, now_s: number): Promise<void>
  /** Gives the lease back, nothing having been sent. Only the owner's, and no result with it. */
  release(key: string, owner: string): Promise<void>
}
