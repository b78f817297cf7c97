import { runCommand } from './run.ts'
import { systemTerminal } from './terminal.ts'

// Whoever reads the output may leave before (`… | head`): that is no error.
process.stdout.on('error', () => {})
process.exitCode = await runCommand(process.argv.slice(2), { env: process.env, terminal: systemTerminal() })
