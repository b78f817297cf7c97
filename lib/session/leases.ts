/** Who may refresh one refresh token now, across containers. Every method rejects where the store cannot be reached. */
export interface LeaseStore {
  /**
   * 'taken': it is `owner`'s until LEASE_S from now. A sealed result: somebody has refreshed already. 'held': somebody
   * is at it.
   */
  take(key: string, owner: string, now_s: number): Promise<'taken' | 'held' | { sealed: string }>
  /** Hands the result to whoever asks for the same key; kept for RESULT_KEPT_S. Only the owner's: false where it is no more. */
  finish(key: string, owner: string, sealed: string, now_s: number): Promise<boolean>
  /** Gives the lease back, nothing having been sent. Only the owner's. */
  release(key: string, owner: string): Promise<void>
  /** Puts this in its place, whosever it is. */
  replace(key: string, sealed: string, now_s: number): Promise<void>
  /** The sealed result, where there is one. */
  look(key: string, now_s: number): Promise<string | undefined>
}
