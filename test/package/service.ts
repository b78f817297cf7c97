import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')

/** The parts of the project that a deployment is made of. */
const PARTS = ['package.json', 'tsconfig.json', 'serverless.yml', 'infra', 'functions', 'lib']

/**
 * A copy of the project to package in: packaging writes dist/ and .serverless/, which other tests may be using. The
 * installed packages lie one folder above, where they are found as well and need not be walked through by each
 * packaging; what would be packed of a node_modules is shown by a small one.
 */
export async function copyService(
  below = tmpdir(),
  parts: readonly string[] = PARTS,
): Promise<{ dir: string; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(below, 'countersign-package-'))
  const dir = join(root, 'service')
  for (const part of parts) await cp(join(ROOT, part), join(dir, part), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'), 'dir')
  await mkdir(join(dir, 'node_modules/some-package'), { recursive: true })
  await writeFile(join(dir, 'node_modules/some-package/index.js'), '')
  return { dir, remove: () => rm(root, { recursive: true, force: true }) }
}

/**
 * Runs a command as a shell outside npm would find it: with the machine's own Node first in the path, which may be
 * an older one, and with no credentials, no home and no registry.
 */
export function run(
  dir: string,
  [command = '', ...args]: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const path = (process.env.PATH ?? '').split(delimiter).filter(entry => !entry.endsWith('.bin'))
  const clean = { PATH: path.join(delimiter), HOME: dir, npm_config_offline: 'true', ...env }
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: dir, env: clean, timeout: 50_000 }, (error, stdout, stderr) => {
      // A number is the exit code; anything else means that the command did not run.
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

export async function readJson(dir: string, file: string) {
  return JSON.parse(await readFile(join(dir, file), 'utf8'))
}

/** Where packaging puts the template that a deployment would send. */
export const TEMPLATE = '.serverless/cloudformation-template-update-stack.json'

/** Packages by the command that a person types. @throws with its output where it fails */
export async function packageIn(dir: string, options: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await run(dir, [...['npx', 'osls', 'package'], ...options])
  if (code !== 0) throw new Error(stdout + stderr)
  return stdout + stderr
}

/** Every key of a structure, at any depth. */
export function keys(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(Array.isArray(value) ? [] : [key]),
    ...keys(inner),
  ])
}
