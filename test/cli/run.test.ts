import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COMMON, type Command } from '../../cli/command.ts'
import { COMMANDS } from '../../cli/commands.ts'
import { runCommand } from '../../cli/run.ts'
import { countersign, jsonOf, recorded } from '../support/operator.ts'
import { spawned } from '../support/spawned.ts'

// The frame that every command runs in.

describe('help', () => {
  test.each([['--help'], ['help']])('%s: every command, on standard output', async word => {
    const said = await countersign([word])
    expect([said.code, said.notes]).toEqual([0, []])
    for (const { name, summary } of COMMANDS)
      expect(said.out.join('\n')).toMatch(new RegExp(`^ {2}${name} .*${escaped(summary)}$`, 'm'))
  })

  test('nothing at all is no command line', async () => {
    const said = await countersign([])
    expect([said.code, said.out.length]).toEqual([2, 1])
  })

  test.each(COMMANDS.map(({ name }) => name))('%s --help: every option, and needs nothing', async name => {
    const said = await countersign([...name.split(' '), '--help'])
    expect([said.code, said.notes]).toEqual([0, []])
    const text = said.out.join('\n')
    const { options } = COMMANDS.find(command => command.name === name)!
    for (const [option, { help }] of Object.entries({ ...options, ...COMMON })) {
      expect(text).toMatch(new RegExp(`^ {2}--${option} .*${escaped(help)}$`, 'm'))
    }
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(140)
  })

  test('--version: that of the project', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await countersign(['--version'])).toMatchObject({ code: 0, out: [version] })
  })

  test.each([
    ['Region is missing', 'AWS_REGION'],
    ['Could not load credentials from any providers', 'AWS_PROFILE'],
    ['getaddrinfo ENOTFOUND kms.nowhere.amazonaws.com', 'AWS_REGION'],
  ])('an error of the SDK (%s) says what to do', async (message, word) => {
    const { terminal, said } = recorded()
    const failing = { name: 'x', summary: 'x', options: {}, run: () => Promise.reject(new Error(message)) }
    expect(await runCommand(['x'], { env: {}, terminal }, [failing])).toBe(1)
    expect(said.notes.join('\n')).toContain(word)
  })

  test('a group lists its own', async () => {
    const said = await countersign(['keys', '--help'])
    expect([said.code, said.out.join('\n')]).toEqual([0, expect.stringContaining('keys list')])
    expect(said.out.join('\n')).not.toMatch(/^ {2}init/m)
  })
})

test('a value may begin with a dash, as one kid in 64 does', async () => {
  const { terminal, said } = recorded()
  const options = {
    kid: { type: 'string', value: 'KID', help: 'x' },
    force: { type: 'boolean', help: 'x' },
  } as const
  const echo: Command = { name: 'x', summary: 'x', options, run: async (_, values) => ({ json: values }) }
  expect(await runCommand(['x', '--kid', '-a--b_', '--force', '--json'], { env: {}, terminal }, [echo])).toBe(
    0,
  )
  expect(jsonOf(said)).toEqual({ kid: '-a--b_', force: true, json: true })
  // What belongs to no option is one itself, and there is none of that name.
  expect(await runCommand(['x', '--force', '-a', '--json'], { env: {}, terminal }, [echo])).toBe(2)
})

describe('a command line that is wrong: exit code 2', () => {
  test.each([
    [['frobnicate'], 'There is no command "frobnicate"'],
    [['keys'], 'There is no command "keys"'],
    [['keys', 'frobnicate'], 'There is no command "keys frobnicate"'],
    [['keys', 'list', '--frobnicate'], "Unknown option '--frobnicate'"],
    [['keys', 'list', 'word'], "Unexpected argument 'word'"],
    [['keys', 'list', '--client'], "'--client <value>' argument missing"],
    [['keys', 'list'], '--secret-id or COUNTERSIGN_SECRET_ID'],
  ])('%j', async (args, why) => {
    const said = await countersign(args)
    expect([said.code, said.out, said.notes[0]]).toEqual([2, [], expect.stringContaining(why)])
    const options = [...args, '--'].findIndex(word => word.startsWith('-'))
    const json = await countersign(args.toSpliced(options, 0, '--json'))
    expect([json.code, json.notes, jsonOf(json)]).toEqual([
      2,
      [],
      { ok: false, error: { code: 'usage', message: expect.stringContaining(why) } },
    ])
  })
})

test('what a failure names cannot rewrite the terminal, and its lines stay lines', async () => {
  const said = await countersign(['frobnicate\u009b2J\u202e'])
  expect(said.notes[0]).toMatch(/^error There is no command "frobnicate�2J�"\. There are:\n {2}/)
  const json = await countersign(['frobnicate\u009b2J', '--json'])
  expect(json.out[0]).toContain('frobnicate\\u009b2J')
})

describe('as a process, by whatever Node is there', () => {
  const NOWHERE = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1',
    COUNTERSIGN_SECRET_ID: 'config',
  }

  test.each([
    [['--help'], 0],
    [['frobnicate'], 2],
    [['keys', 'list'], 1],
  ])('%j ends in %i', async (args, code) => {
    const said = await spawned(args, NOWHERE).ended
    expect(said.code).toBe(code)
    expect(code === 0 ? said.err : said.out).toBe('')
  })

  test('an error of AWS is said in its own words, and as JSON', async () => {
    const { out } = await spawned(['keys', 'list', '--json'], NOWHERE).ended
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('ECONNREFUSED') },
    })
  })

  test('no colour where nobody looks', async () => {
    const { err } = await spawned(['frobnicate'], NOWHERE).ended
    expect(err).toMatch(/^error There is no command/)
  })
})

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
