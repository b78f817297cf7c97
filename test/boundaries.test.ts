import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, transformSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { breaches, type House, importsOf, type SourceFile } from './support/import-graph.ts'

const ROOT = join(import.meta.dirname, '..')
const LEAF = ['lib/errors.ts', 'lib/limits.ts', 'lib/json.ts']
const OUTSIDE = ['cli/', 'local/', 'bench/', 'browser/']

/** The table of boundaries in docs/architecture.md. */
const HOUSE: House = {
  judged: ['functions/', 'lib/'],
  rooms: {
    'functions/': {
      may: ['functions/', 'lib/', '@middy/core', 'node:crypto'],
      not: ['lib/aws/'],
      types: ['aws-lambda'],
    },
    'lib/oauth/': { may: ['lib/oauth/', 'lib/jose/', 'lib/http/', ...LEAF], types: ['lib/config/'] },
    'lib/jose/': { may: ['lib/jose/', ...LEAF, 'jose'] },
    'lib/http/': {
      may: ['lib/http/', ...LEAF, 'node:http', 'node:https', 'node:net', 'node:url'],
      types: ['node:stream', 'lib/wire.ts'],
    },
    'lib/config/': { may: ['lib/config/', ...LEAF, 'lib/jose/algorithms.ts', 'valibot', 'node:crypto'] },
    'lib/session/': { may: ['lib/session/', ...LEAF, 'jose', 'node:crypto'] },
    'lib/aws/': {
      may: ['lib/aws/', 'lib/jose/', ...LEAF, '@aws-sdk/', '@smithy/core/', 'node:crypto'],
      types: ['lib/session/', 'node:http', 'node:https', 'node:stream'],
    },
    'lib/runtime.ts': { may: ['lib/', 'node:crypto'] },
    'lib/reader.ts': { may: ['lib/'] },
    'lib/log.ts': { may: ['lib/metrics.ts'] },
    'lib/metrics.ts': { may: [] },
    'lib/errors.ts': { may: [] },
    'lib/wire.ts': { may: ['lib/limits.ts'], types: ['lib/errors.ts'] },
    'lib/limits.ts': { may: [] },
    'lib/json.ts': { may: [] },
    'lib/within.ts': { may: [] },
    'browser/': { may: ['browser/'] },
  },
  importedBy: {
    'lib/runtime.ts': ['functions/', 'local/', 'cli/', 'test/', 'bench/'],
    // A certificate for the servers of a benchmark is the one that tests make.
    'test/': ['bench/'],
    ...Object.fromEntries(OUTSIDE.map(folder => [folder, ['test/']])),
    // The local stack makes its keys by the operator's own code.
    'cli/': ['test/', 'local/'],
  },
}

function filesUnder(...folders: string[]): SourceFile[] {
  return folders.flatMap(folder => {
    // A folder of a later version is not there yet.
    const names = readdirSync(ROOT).includes(folder)
      ? readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      : []
    return names
      .filter(name => /\.[cm]?[jt]s$/.test(name))
      .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
      .map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
  })
}

const code = filesUnder('functions', 'lib')
const everything = [...code, ...filesUnder('infra', 'local', 'cli', 'bench', 'browser', 'test')]

describe('the house as it stands', () => {
  test('every import is allowed, every file has a room, nothing goes round in circles', () => {
    expect(code.length).toBeGreaterThan(30)
    expect(breaches(everything, HOUSE)).toEqual([])
  })

  test('the reader of imports misses none that esbuild finds, and makes none up', async () => {
    const { metafile } = await build({
      absWorkingDir: ROOT,
      entryPoints: code.map(({ path }) => path),
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      outdir: 'never-written',
      write: false,
      metafile: true,
    })
    for (const file of code) {
      const found = metafile.inputs[file.path]!.imports.map(({ path }) => path)
      const read = importsOf(file).flatMap(({ target, typeOnly }) => (typeOnly ? [] : [target]))
      expect([file.path, ...new Set(read)].sort()).toEqual([file.path, ...new Set(found)].sort())
    }
  })
})

describe('what a room must not mention', () => {
  /** The code without comments and types. */
  const bare = ({ path, text }: SourceFile): string =>
    transformSync(text, { loader: 'ts', sourcefile: path, minifyWhitespace: true, legalComments: 'none' })
      .code

  const CLOCK_AND_CHANCE =
    /\bprocess\b|\bDate\.now\b|\bnew Date\b|\bperformance\b|\bMath\.random\b|\brandom(Bytes|UUID|Int)\b|\bgetRandomValues\b|\bcrypto\b|\bset(Timeout|Interval|Immediate)\b/
  const mentioning = (files: SourceFile[], pattern: RegExp): string[] =>
    files.filter(file => pattern.test(bare(file))).map(({ path }) => path)

  test('lib/oauth: no process, no clock, no randomness', () => {
    const oauth = code.filter(({ path }) => path.startsWith('lib/oauth/'))
    expect(oauth.length).toBeGreaterThan(4)
    expect(mentioning(oauth, CLOCK_AND_CHANCE)).toEqual([])
  })

  test('process.env is read in lib/config alone', () => {
    const readers = mentioning(code, /\benv\b.*\bprocess\b|\bprocess\b.*\benv\b/)
    expect(readers.filter(path => !path.startsWith('lib/config/'))).toEqual([])
    expect(readers).toEqual(['lib/config/environment.ts'])
  })

  test.each([
    'Date.now()',
    'new Date()',
    'process.env.X',
    'Math.random()',
    'crypto.randomUUID()',
    'performance.now()',
  ])('%s would be noticed, in a comment it is not', mention => {
    const file = (text: string) => [{ path: 'lib/oauth/x.ts', text }]
    expect(mentioning(file(`export const x = () => ${mention}`), CLOCK_AND_CHANCE)).toHaveLength(1)
    expect(
      mentioning(file(`// ${mention}\n/** ${mention} */\nexport const x = 1`), CLOCK_AND_CHANCE),
    ).toEqual([])
  })
})

describe('a house that is made up', () => {
  const judge = (...files: [path: string, text: string][]) =>
    breaches(
      files.map(([path, text]) => ({ path, text })),
      HOUSE,
    )

  test.each([
    ['lib/oauth/x.ts', "import https from 'node:https'", 'node:https'],
    ['lib/oauth/x.ts', "import { randomBytes } from 'node:crypto'", 'node:crypto'],
    ['lib/oauth/x.ts', "import middy from '@middy/core'", '@middy/core'],
    ['lib/oauth/x.ts', "import { KMSClient } from '@aws-sdk/client-kms'", '@aws-sdk/client-kms'],
    ['lib/oauth/x.ts', "import { kmsSigner } from '../aws/kms-signer.ts'", 'lib/aws/kms-signer.ts'],
    ['lib/oauth/x.ts', "import type { AwsOptions } from '../aws/clients.ts'", 'lib/aws/clients.ts'],
    [
      'lib/oauth/x.ts',
      "import { findClient } from '../config/registrations.ts'",
      'lib/config/registrations.ts',
    ],
    [
      'lib/oauth/x.ts',
      "import { type Client, findClient } from '../config/registrations.ts'",
      'lib/config/registrations.ts',
    ],
    [
      'lib/oauth/x.ts',
      "export { findClient } from '../config/registrations.ts'",
      'lib/config/registrations.ts',
    ],
    ['lib/oauth/x.ts', "export * from '../runtime.ts'", 'lib/runtime.ts'],
    ['lib/oauth/x.ts', "const m = await import('node:crypto')", 'node:crypto'],
    ['lib/oauth/x.ts', "const m = require('node:crypto')", 'node:crypto'],
    ['lib/oauth/x.ts', 'const m = await import(name)', 'computed: name'],
    ['lib/oauth/x.ts', "import\n  {\n  a,\n} from 'jose'", 'jose'],
    ['lib/jose/x.ts', "import 'node:crypto'", 'node:crypto'],
    ['lib/jose/x.ts', "import { x } from '../http/form.ts'", 'lib/http/form.ts'],
    ['lib/http/x.ts', "import { x } from '../oauth/token.ts'", 'lib/oauth/token.ts'],
    ['lib/http/x.ts', "import * as v from 'valibot'", 'valibot'],
    ['lib/config/x.ts', "import { thumbprint } from '../jose/jwks.ts'", 'lib/jose/jwks.ts'],
    ['lib/config/x.ts', "import { x } from '../aws/secrets.ts'", 'lib/aws/secrets.ts'],
    ['lib/aws/x.ts', "import { x } from '../http/post.ts'", 'lib/http/post.ts'],
    ['lib/errors.ts', "import { x } from './log.ts'", 'lib/log.ts'],
    ['lib/aws/x.ts', "import { createRuntime } from '../runtime.ts'", 'lib/runtime.ts'],
    ['functions/x.ts', "import { kmsSigner } from '../lib/aws/kms-signer.ts'", 'lib/aws/kms-signer.ts'],
    ['functions/x.ts', "import type { AwsOptions } from '../lib/aws/clients.ts'", 'lib/aws/clients.ts'],
    ['functions/x.ts', "import { KMSClient } from '@aws-sdk/client-kms'", '@aws-sdk/client-kms'],
    ['functions/x.ts', "import x from '@middy/http-cors'", '@middy/http-cors'],
    ['functions/x.ts', "import { x } from '../local/stack.ts'", 'local/stack.ts'],
    ['lib/runtime.ts', "import { x } from '../functions/shell.ts'", 'functions/shell.ts'],
    ['infra/x.ts', "import { createRuntime } from '../lib/runtime.ts'", 'lib/runtime.ts'],
    ['infra/x.ts', "import { x } from '../local/stack.ts'", 'local/stack.ts'],
    ['cli/x.ts', "import { x } from '../bench/x.ts'", 'bench/x.ts'],
    ['local/x.ts', "import { x } from '../test/support/x.ts'", 'test/support/x.ts'],
    ['browser/x.ts', "import { x } from '../lib/limits.ts'", 'lib/limits.ts'],
  ])('%s: %s', (path, text, target) => {
    expect(judge([path, text])).toEqual([`${path}: imports ${target}`])
  })

  test.each([
    ['lib/oauth/x.ts', "import type { Client } from '../config/registrations.ts'"],
    ['lib/oauth/x.ts', "import { type Client, type Issuer } from '../config/registrations.ts'"],
    ['lib/oauth/x.ts', "import {\n  a,\n  b,\n} from '../jose/jws.ts'\nimport { c } from './token.ts'"],
    ['lib/oauth/x.ts', "// import x from 'node:https'\n/**\n * import x from 'node:https'\n */"],
    ['lib/oauth/x.ts', "const text = 'import from node:https'"],
    ['local/x.ts', "import { createRuntime } from '../lib/runtime.ts'\nimport x from 'oidc-provider'"],
    ['test/x.ts', "import { x } from '../local/stack.ts'\nimport { y } from '../bench/y.ts'"],
  ])('%s may: %s', (path, text) => {
    expect(judge([path, text])).toEqual([])
  })

  test('a file in no room', () => {
    expect(judge(['lib/new/x.ts', ''], ['lib/helpers.ts', ''])).toEqual([
      'lib/new/x.ts: is in no room',
      'lib/helpers.ts: is in no room',
    ])
  })

  test('a circle, and one of types that is none', () => {
    const circle = (a: string, b: string) =>
      judge(['lib/http/a.ts', `${a} from './b.ts'`], ['lib/http/b.ts', `${b} from './a.ts'`])
    expect(circle('import { b }', 'import { a }')).toEqual([
      'cycle: lib/http/a.ts > lib/http/b.ts > lib/http/a.ts',
    ])
    expect(circle('import { b }', 'export { a }')).toHaveLength(1)
    expect(circle('import { b }', 'import type { a }')).toEqual([])
    expect(judge(['lib/http/a.ts', "import { a } from './a.ts'"])).toHaveLength(1)
  })
})
