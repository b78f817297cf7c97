import type { HandlerModule } from './event.ts'

// What Lambda does in a cold start, and nothing beside it: import the handler file, which may await its init, and call
// the handler. It imports nothing of Node's itself, so that whatever the handler needs is loaded by the handler.

/** Milliseconds since the process began. */
export interface HandlerMarks {
  started: number
  /** The handler file is there, what it awaits included. */
  ready: number
  answered: number
  status: number
}

const { BENCH_EVENT = '', BENCH_CONTEXT = '' } = process.env
const event: unknown = JSON.parse(BENCH_EVENT)
const context = { ...JSON.parse(BENCH_CONTEXT), getRemainingTimeInMillis: () => 15_000 }

const started = performance.now()
const { handler } = (await import(process.argv[2] ?? '')) as HandlerModule
const ready = performance.now()
const { statusCode } = await handler(event, context)
const answered = performance.now()
const marks: HandlerMarks = { started, ready, answered, status: statusCode }
process.getBuiltinModule('node:fs').writeSync(3, `${JSON.stringify(marks)}\n`)
process.exit()
