import { describe, expect, test } from 'vitest'
import { APP, AUTH, lines, mediated, openPage, SESSION, SIGNED_OUT } from './page.ts'

const API = 'https://api.example.com'
const mediation = { options: { api: [API] } }

describe('TMB-1: fetch() in mediated delivery', () => {
  test('adds the token, and neither cookies nor X-CSRF', async () => {
    const page = openPage({
      ...mediation,
      answers: { '/session': [{ body: mediated('at-1') }], '/orders': [{ body: [1] }] },
    })
    const response = await page.countersign.fetch(`${API}/orders?x=1`, { headers: { accept: 'text/plain' } })
    expect(await response.json()).toEqual([1])
    expect(page.sent[1]).toMatchObject({
      url: `${API}/orders?x=1`,
      headers: { accept: 'text/plain', authorization: 'Bearer at-1' },
      credentials: 'same-origin',
      redirect: 'error',
    })
    expect(page.sent[1]!.headers).not.toHaveProperty('x-csrf')
  })

  test.each([
    'https://evil.example.com/orders',
    'https://api.example.com.evil.example/orders',
    'https://api.example.com@evil.example/orders',
    'http://api.example.com/orders',
    'https://api.example.com:8443/orders',
    '//evil.example/orders',
    '\\\\evil.example/orders',
    // Relative to the page, as for any fetch, and the page's origin is not named.
    '/orders',
    'data:text/plain,x',
    'blob:https://api.example.com/0b5ab8f8',
  ])('%s was not named: nothing is asked and nothing sent', async address => {
    const page = openPage(mediation)
    await expect(page.countersign.fetch(address)).rejects.toMatchObject({ error: 'not_allowed', status: 0 })
    expect(page.sent).toEqual([])
  })

  test('a Request and a URL are taken as well, and the options of init go over them', async () => {
    const page = openPage({
      ...mediation,
      answers: { '/session': [{ body: mediated('at-1') }], '/orders': [{}] },
    })
    await page.countersign.fetch(new Request(`${API}/orders`, { method: 'POST', body: 'x' }))
    await page.countersign.fetch(new URL(`${API}/orders`), { method: 'DELETE', redirect: 'follow' })
    expect(lines(page).slice(1)).toEqual([`POST ${API}/orders x`, `DELETE ${API}/orders`])
    expect(page.sent.slice(1).map(({ redirect }) => redirect)).toEqual(['error', 'follow'])
    await expect(page.countersign.fetch(new Request('https://evil.example/'))).rejects.toThrow('not_allowed')
  })

  test('401 and another token: repeated once with that', async () => {
    const page = openPage({
      ...mediation,
      answers: {
        '/session': [{ body: mediated('at-1') }, { body: mediated('at-2') }],
        '/orders': [{ status: 401 }, { body: 'done' }],
      },
    })
    const response = await page.countersign.fetch(`${API}/orders`, { method: 'POST', body: 'x' })
    expect([response.status, lines(page)]).toEqual([
      200,
      [
        'POST /session client_id=spa',
        `POST ${API}/orders x`,
        'POST /session client_id=spa',
        `POST ${API}/orders x`,
      ],
    ])
    expect(page.sent[3]!.headers.authorization).toBe('Bearer at-2')
  })

  test('401 and the same token: the answer stands', async () => {
    const page = openPage({
      ...mediation,
      answers: { '/session': [{ body: mediated('at-1') }], '/orders': [{ status: 401 }] },
    })
    expect((await page.countersign.fetch(`${API}/orders`)).status).toBe(401)
    expect(page.sent).toHaveLength(3)
  })

  test('nobody is signed in: the API is not asked', async () => {
    const page = openPage({ ...mediation, answers: { '/session': [SIGNED_OUT] } })
    await expect(page.countersign.fetch(`${API}/orders`)).rejects.toMatchObject({ error: 'login_required' })
    expect(page.sent).toHaveLength(1)
  })
})

describe('BFF-2, CSRF-2: fetch() in session delivery', () => {
  test.each([
    ['/orders/1?x=1', '/api/orders/1?x=1'],
    ['orders', '/api/orders'],
    ['//evil.example/x', '/api//evil.example/x'],
    ['/a:b', '/api/a:b'],
    [`${AUTH}/api/orders`, '/api/orders'],
    [new URL(`${AUTH}/api/orders`), '/api/orders'],
    [new Request(`${AUTH}/api/orders`), '/api/orders'],
  ])('%s goes to %s, with X-CSRF, cookies and no token', async (input, path) => {
    const page = openPage({ answers: { [path.split('?')[0]!]: [{}] } })
    await page.countersign.fetch(input)
    expect(page.sent).toEqual([
      {
        method: 'GET',
        url: AUTH + path,
        headers: { 'x-csrf': '1' },
        body: '',
        credentials: 'include',
        redirect: 'error',
      },
    ])
  })

  test.each([
    '/../logout',
    '/x/../../logout',
    '/%2e%2e/logout',
    '..\\logout',
    `${AUTH}/logout`,
    `${AUTH}/apis`,
    `${APP}/orders`,
    'https://evil.example/api/orders',
    'https://auth.example.com@evil.example/api/orders',
    '\\\\evil.example/api/orders',
  ])('%s is not the API: nothing is sent', async address => {
    const page = openPage()
    await expect(page.countersign.fetch(address)).rejects.toMatchObject({ error: 'not_allowed' })
    expect(page.sent).toEqual([])
  })

  test('401: asks for the session once and repeats once, whatever comes of it', async () => {
    const page = openPage({ answers: { '/session': [{ body: SESSION }], '/api/me': [{ status: 401 }] } })
    expect((await page.countersign.fetch('/me', { method: 'PUT', body: 'x' })).status).toBe(401)
    expect(lines(page)).toEqual(['PUT /api/me x', 'POST /session client_id=spa', 'PUT /api/me x'])
  })

  test('401 for several at once: one asks', async () => {
    const page = openPage({
      answers: {
        '/session': [{ body: SESSION }],
        '/api/me': [{ status: 401 }, { status: 401 }, { status: 401 }, {}],
      },
    })
    const all = await Promise.all(['/me', '/me', '/me'].map(path => page.countersign.fetch(path)))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(lines(page).filter(line => line.startsWith('POST'))).toHaveLength(1)
  })

  test('401 that comes when another request has asked already: repeated with what that got', async () => {
    let late = () => {}
    const after = new Promise<void>(resolve => {
      late = resolve
    })
    const page = openPage({
      answers: {
        '/session': [{ body: SESSION }],
        '/api/a': [{ status: 401, after }, {}],
        '/api/b': [{ status: 401 }, {}],
      },
    })
    const slow = page.countersign.fetch('/a')
    await page.countersign.fetch('/b')
    late()
    expect((await slow).status).toBe(200)
    expect(lines(page).filter(line => line.startsWith('POST'))).toHaveLength(1)
  })

  test('401 and nobody signed in', async () => {
    const page = openPage({ answers: { '/session': [SIGNED_OUT], '/api/me': [{ status: 401 }] } })
    await expect(page.countersign.fetch('/me')).rejects.toMatchObject({
      error: 'login_required',
      status: 401,
    })
    expect(page.sent).toHaveLength(2)
  })

  test('what is known to have run out is asked for first: no body is sent in vain', async () => {
    const page = openPage({ answers: { '/session': [{ body: SESSION }], '/api/me': [{}] } })
    await page.countersign.session()
    page.pass(300)
    await page.countersign.fetch('/me')
    expect(lines(page)).toEqual(['POST /session client_id=spa', 'POST /session client_id=spa', 'GET /api/me'])
  })

  test.each([
    ['a stream', () => ['/me', { method: 'POST', body: streamOf('x'), duplex: 'half' }] as const],
    ['in a Request', () => [new Request(`${AUTH}/api/me`, { method: 'POST', body: 'x' })] as const],
  ])('a body that is %s is sent once; the session is asked for, for the next', async (_, made) => {
    const page = openPage({
      answers: { '/session': [{ body: SESSION }], '/api/me': [{ status: 401 }, {}] },
    })
    const [input, init] = made()
    expect((await page.countersign.fetch(input, init)).status).toBe(401)
    expect(lines(page)).toEqual(['POST /api/me x', 'POST /session client_id=spa'])
    expect((await page.countersign.fetch('/me')).status).toBe(200)
  })

  test.each([
    ['a form', () => new URLSearchParams({ a: '1' }), 'a=1'],
    ['a Blob', () => new Blob(['x']), 'x'],
  ])('a body that is %s is sent again', async (_, body, text) => {
    const page = openPage({
      answers: { '/session': [{ body: SESSION }], '/api/me': [{ status: 401 }, {}] },
    })
    await page.countersign.fetch('/me', { method: 'POST', body: body() })
    expect(lines(page)[2]).toBe(`POST /api/me ${text}`)
  })
})

function streamOf(text: string): ReadableStream {
  return new Blob([text]).stream()
}
