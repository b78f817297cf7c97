import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ROOT } from '../support/deployment.ts'

// A network namespace of its own has loopback and nothing else. Not everywhere may one be made: then this is skipped.
const alone = (...command: string[]) => [
  '-rn',
  'sh',
  '-c',
  'ip link set lo up && exec "$@"',
  'sh',
  ...command,
]
const possible = spawnSync('unshare', alone('true')).status === 0

/** The vectors, and a sign-in through provider, KMS, gateway and function. */
const RUN = ['test/vectors', 'test/interop/oauth4webapi.test.ts']

test.skipIf(!possible)('VEC-2: without a network the tests pass', async () => {
  // Without what would have it take itself for a worker of this run.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
  const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...RUN, '--maxWorkers=1']
  const { stdout } = await promisify(execFile)(
    'unshare',
    alone(process.execPath, ...vitest, '--exclude=test/vectors/offline.test.ts'),
    { cwd: ROOT, env, maxBuffer: 1 << 24 },
  )
  expect(stdout).toMatch(/^[1-9]\d+ passed, 0 failed/m)
})
