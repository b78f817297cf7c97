/** `error` is a code of RFC 6749 or of Countersign's documentation, `status` the answer's, 0 where there was none. */
export class CountersignError extends Error {
  readonly error: string
  readonly status: number

  constructor(error: string, status: number, description?: string, options?: ErrorOptions) {
    super(description ?? error, options)
    this.name = 'CountersignError'
    this.error = error
    this.status = status
  }
}
