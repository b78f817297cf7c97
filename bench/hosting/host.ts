import { createServer } from 'node:http'
import { readBody } from '../servers/body.ts'
import { type HandlerModule, newContext, toEvent } from './event.ts'
import { runServer } from './run-server.ts'

// Hosts a Lambda handler behind a server that adds as little as can be: the same for each, and so in no difference.

const { handler } = (await import(process.argv[2] ?? '')) as HandlerModule

const server = createServer(async (request, response) => {
  try {
    const {
      statusCode,
      headers,
      body = '',
    } = await handler(toEvent(request.headers, await readBody(request)), newContext())
    response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
})

await runServer(server)
