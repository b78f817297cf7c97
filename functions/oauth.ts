import { createRuntime } from '../lib/runtime.ts'
import { pages, routes } from './routes.ts'
import { shell } from './shell.ts'
import { warmUp } from './warm-up.ts'

/** The signing function: the only one whose role a key's policy lets `kms:Sign`. */
export const { handler, ready } = shell(routes, createRuntime, warmUp, pages)
