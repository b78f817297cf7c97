/** As far as it is used here; the package brings no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http'

  /** Milliseconds that a new table is not ready for. */
  export default function dynalite(options: { createTableMs?: number }): Server
}
