import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { limitedText } from '../../cli/limited.ts'
import { listen } from '../../local/listen.ts'

let server: Server
let url: string

beforeAll(async () => {
  server = createServer((request, response) => {
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
