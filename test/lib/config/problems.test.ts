import { describe, expect, test } from 'vitest'
import { ConfigurationError, loggedProblems, memberPath, problemLine } from '../../../lib/config/problems.ts'
import { PROBLEMS_LOGGED_MAX } from '../../../lib/limits.ts'

describe('ConfigurationError', () => {
  const problems = [
    { path: 'clients[0].issuer', message: 'is required' },
    { path: 'version', message: 'must be 1' },
  ]

  test('lists one problem a line, and keeps them apart', () => {
    const error = new ConfigurationError(problems)
    expect(error.message).toBe('clients[0].issuer: is required\nversion: must be 1')
    expect(error.problems).toEqual(problems)
    expect(error.name).toBe('ConfigurationError')
    expect(error).toBeInstanceOf(Error)
  })

  test('a problem is printed as its path and its message', () => {
    expect(problemLine(problems[0]!)).toBe('clients[0].issuer: is required')
  })
})

test('a log gets so many problems, and is told of the others', () => {
  const of = (count: number) =>
    loggedProblems(
      new ConfigurationError(
        Array.from({ length: count }, (_, n) => ({ path: `clients[${n}]`, message: 'm' })),
      ),
    )
  expect(of(1)).toEqual(['clients[0]: m'])
  const all = of(PROBLEMS_LOGGED_MAX)
  expect([all.length, all.at(-1)]).toEqual([PROBLEMS_LOGGED_MAX, `clients[${PROBLEMS_LOGGED_MAX - 1}]: m`])
  expect(of(PROBLEMS_LOGGED_MAX + 2)).toEqual([...all, 'and 2 more'])
})

describe('memberPath', () => {
  test.each([
    ['', 'version', 'version'],
    ['clients[0]', 'client_id', 'clients[0].client_id'],
    ['clients[0]', 'clientId', 'clients[0].clientId'],
    ['k', 'x5c', 'k.x5c'],
    ['k', 'x5t#S256', 'k.x5t#S256'],
  ])('%j and %j give %j', (parent, name, path) => {
    expect(memberPath(parent, name)).toBe(path)
  })

  test.each([
    '111122223333',
    'arn:aws:kms:eu-west-1:111122223333:key/x',
    'a b',
    '',
    'a'.repeat(41),
    'line\nbreak',
  ])('a name that may be a misplaced value is not shown: %j', name => {
    expect(memberPath('clients[0]', name)).toBe('clients[0].(unnamed)')
  })
})
