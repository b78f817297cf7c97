import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { build } from '../../infra/build.ts'
import { run } from '../package/service.ts'
import { ROOT } from '../support/deployment.ts'

const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

/** What is deployed is made of these, and of the packages that are not for development. */
const SOURCES = ['package.json', 'tsconfig.json', 'infra', 'functions', 'lib']

/** Another checkout: sources and packages of its own, in another place. esbuild is not in the bundle, and may be shared. */
async function checkout(dir: string): Promise<void> {
  for (const part of SOURCES) await cp(join(ROOT, part), join(dir, part), { recursive: true })
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
  for (const [place, { dev, optional }] of Object.entries<{ dev?: boolean; optional?: boolean }>(packages)) {
    if (place === '' || dev || optional) continue
    await cp(join(ROOT, place), join(dir, place), { recursive: true })
  }
  await mkdir(join(dir, 'node_modules'), { recursive: true })
  await symlink(join(ROOT, 'node_modules/esbuild'), join(dir, 'node_modules/esbuild'), 'dir')
}

test('two builds of the same sources, in two places, have the same SHA-256', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-reproducible-'))
  try {
    const dir = join(folder, 'another', 'depth', 'and a space')
    await checkout(dir)
    const here = await build({ outdir: join(folder, 'here') })
    const env = { TZ: 'Pacific/Chatham', LANG: 'tr_TR.UTF-8', SOURCE_DATE_EPOCH: '1' }
    const { code, stderr } = await run(dir, [process.execPath, 'infra/build.ts'], env)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(here.files.length).toBeGreaterThan(0)
    for (const file of here.files) {
      expect(await sha256(join(dir, 'dist', basename(file))), basename(file)).toBe(await sha256(file))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
