import type { Command } from './command.ts'
import { configCheck, configPut, configShow } from './config/config.ts'
import { doctor } from './doctor/doctor.ts'
import { init } from './init/init.ts'
import { keysCreate } from './keys/create.ts'
import { keysExport } from './keys/export.ts'
import { keysImport } from './keys/import.ts'
import { keysList } from './keys/list.ts'
import { keysRollback } from './keys/rollback.ts'
import { keysRotate } from './keys/rotate.ts'
import { keysActivate, keysPublish, keysRemove, keysRetire } from './keys/steps.ts'
import {
  sessionKeysAdd,
  sessionKeysList,
  sessionKeysRemove,
  sessionKeysUse,
} from './session-keys/commands.ts'
import { tryCommand } from './try/try.ts'

/** Every command, in the order in which one needs them. */
export const COMMANDS: readonly Command[] = [
  init,
  doctor,
  tryCommand,
  keysList,
  keysCreate,
  keysImport,
  keysPublish,
  keysActivate,
  keysRetire,
  keysRemove,
  keysRotate,
  keysRollback,
  keysExport,
  sessionKeysList,
  sessionKeysAdd,
  sessionKeysUse,
  sessionKeysRemove,
  configShow,
  configCheck,
  configPut,
]
