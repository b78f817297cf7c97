import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { listenFor } from '../../../cli/try/listener.ts'
import { wayOf, withPort } from '../../../cli/try/redirect.ts'
import { listen } from '../../../local/listen.ts'

const V4 = ['127.0.0.1']

describe('where a sign-in can end', () => {
  test.each([
    ['native', 'http://127.0.0.1/cb', { hosts: V4, port: 0, any_port: true }],
    ['native', 'http://127.0.0.1:8123/cb', { hosts: V4, port: 8123, any_port: true }],
    ['native', 'http://[::1]/cb', { hosts: ['::1'], port: 0, any_port: true }],
    ['native', 'com.example.app:/cb', undefined],
    ['native', 'https://app.example.com/cb', undefined],
    ['web', 'http://127.0.0.1:5173/cb', { hosts: V4, port: 5173, any_port: false }],
    ['web', 'http://127.0.0.1/cb', { hosts: V4, port: 80, any_port: false }],
    ['web', 'http://localhost:5173/cb', { hosts: ['127.0.0.1', '::1'], port: 5173, any_port: false }],
    ['web', 'https://localhost:5173/cb', undefined],
  ] as const)('%s %s', (application_type, uri, listen) => {
    expect(wayOf({ application_type, redirect_uris: [uri] }, undefined)).toEqual({
      redirect_uri: uri,
      ...(listen && { listen }),
    })
  })

  test('the first on loopback, unless another one is wanted', () => {
    const client = {
      application_type: 'web' as const,
      redirect_uris: ['https://app.example.com/cb', 'http://127.0.0.1:1/cb', 'http://127.0.0.1:2/cb'],
    }
    expect(wayOf(client, undefined).redirect_uri).toBe('http://127.0.0.1:1/cb')
    expect(wayOf(client, 'https://app.example.com/cb').redirect_uri).toBe('https://app.example.com/cb')
    expect(() => wayOf(client, 'https://app.example.com/')).toThrow('no redirect URI')
  })

  test.each([
    ['http://127.0.0.1/cb', 'http://127.0.0.1:81/cb'],
    ['http://127.0.0.1:80/cb?x=1:2', 'http://127.0.0.1:81/cb?x=1:2'],
    ['http://[::1]/cb', 'http://[::1]:81/cb'],
  ])('%s with a port', (uri, wanted) => {
    expect(withPort(uri, 81)).toBe(wanted)
  })
})

test('a native client whose port is taken takes another', async () => {
  const taken = createServer()
  const port = Number(new URL(await listen(taken, 0)).port)
  const way = wayOf({ application_type: 'native', redirect_uris: [`http://127.0.0.1:${port}/cb`] }, undefined)
  const listener = await listenFor({ ...way, listen: way.listen! })
  expect(listener.redirect_uri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/cb$/)
  expect(listener.redirect_uri).not.toBe(way.redirect_uri)
  const received = listener.received('s', 30)
  await fetch(`${listener.redirect_uri}?state=s&code=c`)
  expect((await received).get('code')).toBe('c')
  listener.close()
  taken.close()
})

test('only a GET of its own path is the redirect', async () => {
  const way = wayOf({ application_type: 'native', redirect_uris: ['http://127.0.0.1/cb'] }, undefined)
  const listener = await listenFor({ ...way, listen: way.listen! })
  const received = listener.received('s', 30)
  const { origin } = new URL(listener.redirect_uri)
  expect((await fetch(`${origin}/favicon.ico?state=s&code=icon`)).status).toBe(404)
  expect((await fetch(`${listener.redirect_uri}?state=s&code=post`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${listener.redirect_uri}?state=s&code=get`)).headers.get('referrer-policy')).toBe(
    'no-referrer',
  )
  expect((await received).get('code')).toBe('get')
  listener.close()
  await expect(fetch(origin)).rejects.toThrow()
})

test('localhost is heard at every address that it has', async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const uri = `http://localhost:${port}/cb`
  const way = wayOf({ application_type: 'web', redirect_uris: [uri] }, undefined)
  const listener = await listenFor({ ...way, listen: way.listen! })
  expect(listener.redirect_uri).toBe(uri)
  const received = listener.received('s', 30)
  await fetch(`${uri}?state=s&code=c`)
  expect((await received).get('code')).toBe('c')
  listener.close()
})

describe('what is not the redirect does not end the sign-in', () => {
  const listening = () => {
    const way = wayOf({ application_type: 'native', redirect_uris: ['http://127.0.0.1/cb'] }, undefined)
    return listenFor({ ...way, listen: way.listen! })
  }
  /** Byte for byte: `fetch` would not send it. */
  const sent = async (redirect_uri: string, target: string, host = new URL(redirect_uri).host) => {
    const socket = connect(Number(new URL(redirect_uri).port), '127.0.0.1')
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    return Number((await text(socket)).split(' ')[1])
  }

  test.each(['//', 'http://%', '//evil.example/cb?state=s', 'http://evil.example/cb?state=s'])(
    'GET %s is answered 400',
    async target => {
      const listener = await listening()
      const received = listener.received('s', 30)
      expect(await sent(listener.redirect_uri, target)).toBe(400)
      expect(await sent(listener.redirect_uri, '/cb?state=s&code=right')).toBe(200)
      expect((await received).get('code')).toBe('right')
      listener.close()
    },
  )

  test.each(['evil.example', '127.0.0.1', 'localhost:1'])('nor one to the host %s', async host => {
    const listener = await listening()
    const received = listener.received('s', 30)
    expect(await sent(listener.redirect_uri, '/cb?state=s&code=wrong', host)).toBe(400)
    await fetch(`${listener.redirect_uri}?state=s&code=right`)
    expect((await received).get('code')).toBe('right')
    listener.close()
  })

  test('nor one with another state, of which it speaks when time is up', async () => {
    const listener = await listening()
    const early = await fetch(`${listener.redirect_uri}?state=s&code=early`)
    const received = listener.received('s', 0.5)
    const outcome = expect(received).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('but 3 with another state or none'),
    })
    const wrong = await fetch(`${listener.redirect_uri}?state=t&code=wrong`)
    const none = await fetch(`${listener.redirect_uri}?error=access_denied`)
    expect([early.status, wrong.status, none.status]).toEqual([400, 400, 400])
    expect(wrong.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await wrong.text()).toContain('Not this sign-in')
    await outcome
    listener.close()
  })

  test('without any it speaks of none', async () => {
    const listener = await listening()
    await expect(listener.received('s', 0.01)).rejects.toThrow(/^No redirect came within/)
    listener.close()
  })
})
