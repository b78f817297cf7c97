import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchOnce, jsonObject, limitedText, whyUnanswered } from '../../cli/http.ts'
import { listen } from '../../local/listen.ts'

let server: Server
let url: string

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/moved') return void response.writeHead(302, { location: '/10' }).end()
    if (request.url === '/never') return
    const body = Buffer.alloc(Number(request.url!.slice(1)), 'x')
    response.setHeader('content-encoding', 'gzip').end(gzipSync(body))
  })
  url = await listen(server, 0)
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

test.each([0, 10, 256 * 1024])('%i bytes are read', async size => {
  expect(await limitedText(await fetch(`${url}/${size}`))).toBe('x'.repeat(size))
})

test('one more is not, however small it was packed', async () => {
  await expect(limitedText(await fetch(`${url}/${256 * 1024 + 1}`))).rejects.toThrow(
    new RangeError('answered more than 256 KiB'),
  )
})

test('another limit', async () => {
  await expect(limitedText(await fetch(`${url}/1025`), 1024)).rejects.toThrow('more than 1 KiB')
  expect(await limitedText(await fetch(`${url}/1024`), 1024)).toHaveLength(1024)
})

test('a redirect is an answer, and is not followed', async () => {
  expect((await fetchOnce(`${url}/moved`, 5_000)).status).toBe(302)
})

test('why there is no answer: the time, or the network by its own name', async () => {
  const late = await fetchOnce(`${url}/never`, 20).catch((error: unknown) => error)
  expect(whyUnanswered(late, 20)).toBe('no answer within 0.02 s')
  const refused = await fetchOnce('http://127.0.0.1:1/', 5_000).catch((error: unknown) => error)
  expect(whyUnanswered(refused, 5_000)).toMatch(/^(ECONNREFUSED|bad port)$/)
})

test.each([
  ['{"a":1}', { a: 1 }],
  ['[1]', undefined],
  ['null', undefined],
  ['"a"', undefined],
  ['{', undefined],
  ['', undefined],
])('of %j the object is %j', (text, object) => {
  expect(jsonObject(text)).toEqual(object)
})
