import { createServer } from 'node:http'
import express from 'express'
import { runServer } from '../hosting/run-server.ts'
import { exchange, HEADERS, ORIGIN } from './openid-client.ts'

const app = express()
app.use(express.urlencoded({ extended: false }))
app.post('/token', async (request, response) => {
  if (request.headers.origin !== ORIGIN) {
    response.sendStatus(403)
    return
  }
  response
    .status(200)
    .set(HEADERS)
    .send(await exchange(request.body))
})

await runServer(createServer(app))
