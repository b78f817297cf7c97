import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { copyService } from './service.ts'

const MODULES = join(import.meta.dirname, '../../node_modules')

/** All that is in the archive, and all that it is built of. */
const PARTS = [
  'package.json',
  'tsconfig.json',
  'README.md',
  'LICENSE',
  'docs',
  'infra',
  'browser',
  'cli',
  'lib',
]

export interface Installed {
  /** Where somebody else's app lives. */
  app: string
  /** The package, in its node_modules. */
  installed: string
  remove(): Promise<void>
}

/**
 * Packs the project, as it would be fresh from a clone, and installs the archive beside an empty app as npm does it: what it
 * depends on, and nothing else of ours, is found beside it. Without npm, which would ask a registry for that.
 */
export async function installArchive(): Promise<Installed> {
  // npm builds before it packs, in a folder that other tests use.
  const service = await copyService(tmpdir(), PARTS)
  const app = await mkdtemp(join(tmpdir(), 'countersign-archive-'))
  const installed = join(app, 'node_modules/countersign')
  try {
    const printed = execFileSync('npm', ['pack', '--json', '--pack-destination', app], {
      cwd: service.dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [{ filename }] = JSON.parse(printed) as [{ filename: string }]
    await mkdir(installed, { recursive: true })
    execFileSync('tar', ['-xzf', join(app, filename), '--strip-components=1', '-C', installed])
  } finally {
    await service.remove()
  }
  await writeFile(join(app, 'package.json'), '{ "type": "module" }')
  const { bin, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(installed, 'package.json'), 'utf8'),
  )
  const links = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]
    .filter(name => existsSync(join(MODULES, name)))
    .map(name => [join(MODULES, name), name])
  for (const [name, file] of Object.entries(bin)) links.push([join(installed, String(file)), `.bin/${name}`])
  for (const [target = '', name = ''] of links) {
    const path = join(app, 'node_modules', name)
    await mkdir(dirname(path), { recursive: true })
    await symlink(target, path)
  }
  return { app, installed, remove: () => rm(app, { recursive: true, force: true }) }
}
