import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
  const received = listener.received(30)
  await fetch(`${listener.redirect_uri}?code=c`)
  expect((await received).get('code')).toBe('c')
  listener.close()
  taken.close()
})

test('only a GET of its own path is the redirect', async () => {
  const way = wayOf({ application_type: 'native', redirect_uris: ['http://127.0.0.1/cb'] }, undefined)
  const listener = await listenFor({ ...way, listen: way.listen! })
  const received = listener.received(30)
  const { origin } = new URL(listener.redirect_uri)
  expect((await fetch(`${origin}/favicon.ico?code=icon`)).status).toBe(404)
  expect((await fetch(`${listener.redirect_uri}?code=post`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${listener.redirect_uri}?code=get`)).headers.get('referrer-policy')).toBe(
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
  const received = listener.received(30)
  await fetch(`${uri}?code=c`)
  expect((await received).get('code')).toBe('c')
  listener.close()
})
