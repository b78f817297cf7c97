import { describe, expect, test } from 'vitest'
import { ConfigurationError, memberPath, problemLine } from '../../../lib/config/problems.ts'

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
