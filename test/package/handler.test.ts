import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, FUNCTIONS } from '../../infra/build.ts'

const HANDLER = 'dist/oauth.handler'

let root: string

beforeAll(async () => {
  // As in Lambda's /var/task: the two files of the zip, and no package.json above them.
  root = await mkdtemp(join(tmpdir(), 'countersign-task-'))
  await build({ outdir: join(root, 'dist') })
})

afterAll(() => rm(root, { recursive: true, force: true }))

const run = promisify(execFile)

/** Loads a handler in a process of its own, as generation 3 or 4 of Lambda's runtime interface client does. */
async function load(generation: number, task = root, name = HANDLER) {
  const loader = join(import.meta.dirname, 'lambda-loader.ts')
  const env = { COUNTERSIGN_CONFIG: '{"version":1,"clients":[]}', AWS_REGION: 'eu-central-1' }
  const { stdout } = await run(process.execPath, [loader, String(generation), task, name], { env })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

/** The real handler file beside a bundle of our own. */
async function taskWith(bundle: string): Promise<string> {
  const task = await mkdtemp(join(root, 'other-'))
  await mkdir(join(task, 'dist'))
  await cp(join(root, 'dist/oauth.mjs'), join(task, 'dist/oauth.mjs'))
  await writeFile(join(task, 'dist/oauth.bundle.cjs'), bundle)
  return task
}

describe.each([3, 4])('generation %i of the runtime interface client', generation => {
  test('loads the handler, which asks for no callback', async () => {
    expect((await load(generation)).arity).toBeLessThanOrEqual(2)
  })

  test('loads no undici with it', async () => {
    expect(await load(generation)).toMatchObject({ undici: [] })
  })

  test.each(Object.keys(FUNCTIONS))('loads the handler of %s, without undici', async name => {
    const loaded = await load(generation, root, `dist/${name}.handler`)
    expect(loaded).toMatchObject({ undici: [] })
    expect(loaded.arity).toBeLessThanOrEqual(2)
  })

  test('has a handler only when the bundle says that it is ready', async () => {
    const task = await taskWith(`
      globalThis.state = 'starting'
      exports.ready = new Promise(resolve => setTimeout(() => { globalThis.state = 'ready'; resolve() }, 50))
      exports.handler = async (event, context) => ({ event, context })
    `)
    expect(await load(generation, task)).toMatchObject({ state: 'ready' })
  })

  test('would refuse a handler that takes a callback', async () => {
    const task = await taskWith(
      'exports.handler = (event, context, callback) => callback(null, { event, context })',
    )
    await expect(load(generation, task)).rejects.toThrow('takes a callback')
  })

  test('would take a folder of the same name for the module, so none may lie there', async () => {
    const task = await taskWith('exports.handler = async () => {}')
    await mkdir(join(task, 'dist/oauth'))
    await expect(load(generation, task)).rejects.toThrow()
  })
})

test('the probe sees undici where it is loaded', async () => {
  const task = await taskWith('exports.handler = async () => {}; new Response()')
  const { undici } = await load(4, task)
  expect(undici.length).toBeGreaterThan(0)
})
