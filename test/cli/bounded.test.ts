import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAsk } from '../../cli/doctor/facts/http.ts'
import { publishedKids } from '../../cli/keys/published.ts'
import { listen } from '../../local/listen.ts'

// Whoever answers decides what comes: a command reads 256 KiB of it and no more.

const BOMB = gzipSync(Buffer.alloc(8 * 1024 * 1024, ' '))
const answers: Record<string, { body: string | Buffer; gzip?: true }> = {
  '/bomb': { body: BOMB, gzip: true },
  '/bomb/.well-known/jwks.json': { body: BOMB, gzip: true },
  '/none/.well-known/jwks.json': { body: '{}' },
  '/small/.well-known/jwks.json': { body: '{"keys":[{"kid":"k1"}]}' },
}
const server = createServer(({ url = '' }, response) => {
  const { body, gzip } = answers[url]!
  response.writeHead(200, gzip && { 'content-encoding': 'gzip' }).end(body)
})
let base: string
beforeAll(async () => {
  base = await listen(server, 0)
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('the doctor stops at it, counted after decompression, and says so', async () => {
  expect(BOMB.length).toBeLessThan(256 * 1024)
  expect(await createAsk(Date.now)(`${base}/bomb`)).toEqual({
    error: 'answered more than 256 KiB',
    certificate: false,
  })
})

test('so does whoever waits for a key to be published', async () => {
  expect(await publishedKids(`${base}/small`)).toEqual(['k1'])
  await expect(publishedKids(`${base}/bomb`)).rejects.toMatchObject({
    code: 'key_set_unreadable',
    message: expect.stringMatching(/more than 256 KiB$/),
  })
  await expect(publishedKids(`${base}/none`)).rejects.toThrow(/it answered no key set$/)
})
