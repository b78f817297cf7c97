import { createServer } from 'node:http'
import { runServer } from '../hosting/run-server.ts'
import { readBody } from '../servers/body.ts'
import { exchange, HEADERS, ORIGIN } from './openid-client.ts'

const server = createServer(async (request, response) => {
  try {
    if (request.headers.origin !== ORIGIN) {
      response.writeHead(403).end()
      return
    }
    const body = (await readBody(request)).toString('utf8')
    const tokens = await exchange(Object.fromEntries(new URLSearchParams(body)))
    response.writeHead(200, { ...HEADERS, 'content-length': Buffer.byteLength(tokens) }).end(tokens)
  } catch (error) {
    console.error(error)
    response.writeHead(502).end()
  }
})

await runServer(server)
