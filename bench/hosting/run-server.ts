import { writeSync } from 'node:fs'
import type { Server } from 'node:http'
import { answerQuestions, cpuMs } from '../answering.ts'
import { listen } from '../servers/listen.ts'

/** What a server says of its cold start on file descriptor 3, a line each. Milliseconds since the process began. */
export interface ServerMarks {
  listening: number
  requested: number
  answered: number
  status: number
}

/** Has a server listen and tells where: over IPC, or, in a cold start, which IPC would change, on file descriptor 3. */
export async function runServer(server: Server): Promise<void> {
  const url = `http://127.0.0.1:${await listen(server)}`
  if (process.send) {
    answerQuestions({ url }, { cpu: cpuMs })
    return
  }
  const listening = performance.now()
  server.once('request', (_, response) => {
    const requested = performance.now()
    response.once('finish', () => {
      const answered = performance.now()
      const marks: ServerMarks = { listening, requested, answered, status: response.statusCode }
      writeSync(3, `${JSON.stringify(marks)}\n`)
      process.exit()
    })
  })
  writeSync(3, `${JSON.stringify({ url })}\n`)
}
