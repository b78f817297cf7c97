import type { Command } from './command.ts'
import { doctor } from './doctor/doctor.ts'
import { keysList } from './keys/list.ts'

/** Every command, in the order in which one needs them. */
export const COMMANDS: readonly Command[] = [keysList, doctor]
