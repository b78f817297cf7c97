import type { Command } from './command.ts'
import { init } from './init/init.ts'
import { keysList } from './keys/list.ts'
import { tryCommand } from './try/try.ts'

/** Every command, in the order in which one needs them. */
export const COMMANDS: readonly Command[] = [init, tryCommand, keysList]
