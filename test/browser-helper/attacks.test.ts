import { describe, expect, test } from 'vitest'
import { openPage } from './page.ts'

describe('what an answer, a name or a lost logout may not do', () => {
  test('an answer that breaks off is no session', async () => {
    const { countersign } = openPage({ answers: { '/session': [{ body: '{"access_token":"a' }] } })
    await expect(countersign.session()).rejects.toMatchObject({ name: 'CountersignError' })
  })

  test('and no token: nothing goes to the API with "Bearer undefined"', async () => {
    const { countersign, sent } = openPage({
      answers: { '/session': [{ body: '<html>' }], '/x': [{}] },
      options: { api: ['https://api.example.com'] },
    })
    await countersign.fetch('https://api.example.com/x').catch(() => {})
    expect(sent.filter(({ url }) => url.startsWith('https://api'))).toEqual([])
  })

  test('a name with a path ends at a segment', async () => {
    const { countersign, sent } = openPage({
      answers: {
        '/session': [{ body: { access_token: 'a', expires_in: 300, session_expires_in: 900, claims: {} } }],
        '/tenant-1-evil/x': [{}],
      },
      options: { api: ['https://api.example.com/tenant-1'] },
    })
    await countersign.fetch('https://api.example.com/tenant-1-evil/x').catch(() => {})
    expect(sent.filter(({ url }) => url.includes('evil'))).toEqual([])
  })

  test('other tabs are told of a logout whose answer was lost', async () => {
    const one = openPage({ answers: { '/logout': [new TypeError('lost')] } })
    const two = one.tab({})
    await one.countersign.logout().catch(() => {})
    await new Promise(resolve => setTimeout(resolve, 1))
    expect(two.told).toBe(1)
  })
})
