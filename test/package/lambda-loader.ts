import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

// How Lambda's Node runtimes find a handler, as far as it decides what our package may look like. There are two
// generations of the runtime interface client, and both are in use. Restated from the behaviour of the npm package
// aws-lambda-ric, versions 3.3.0 and 4.0.2.

const require = createRequire(import.meta.url)

type Module = Record<string, unknown>
type Handler = (event: unknown, context: unknown) => Promise<unknown>

const byImport = (path: string): Promise<Module> => import(pathToFileURL(path).href)
const byRequire = async (path: string): Promise<Module> => require(path)

/** The `type` of the nearest package.json, upwards. */
function nearestType(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).type
  return dirname(folder) === folder ? undefined : nearestType(dirname(folder))
}

/** Generation 3 requires what can be CommonJS, and imports only what says that it is a module. */
function howInThree(path: string, extension: string) {
  if (extension === '.mjs') return byImport
  return extension === '.js' && nearestType(dirname(path)) === 'module' ? byImport : byRequire
}

/**
 * Loads a handler as Lambda does.
 *
 * @param generation of the runtime interface client
 * @param root where the zip was unpacked
 * @param name the function's Handler property: a path without extension, a dot, the export
 * @throws where Lambda would refuse to start
 */
export async function loadHandler(generation: 3 | 4, root: string, name: string): Promise<Handler> {
  if (name.includes('..')) throw new Error('a handler is not named by way of a parent folder')
  // The module's name ends at the first dot of the last path segment.
  const [stem = '', ...exported] = basename(name).split('.')
  const path = resolve(root, dirname(name), stem)
  // The bare name comes first: a file or a folder that is called like the module would be taken for it.
  const extension = ['', '.js', '.mjs', '.cjs'].find(candidate => existsSync(path + candidate))
  if (extension === undefined) throw new Error(`no module ${path}`)
  const load = generation === 4 ? byImport : howInThree(path, extension)
  const loaded = await load(path + extension)
  const within = (object: unknown) =>
    exported.reduce<unknown>((at, key) => (at as Module | undefined)?.[key], object)
  // Only generation 4 looks into a default export.
  const handler = within(loaded) ?? (generation === 4 ? within(loaded.default) : undefined)
  if (typeof handler !== 'function') throw new Error(`${name} is not a function`)
  // Node 24's runtime has no callbacks any more: a third parameter would ask for one.
  if (handler.length > 2) throw new Error(`${name} takes a callback`)
  return handler as Handler
}

// In a process of its own, so that what it loads is what the handler loads.
if (import.meta.main) {
  const [, , generation, root = '', name = ''] = process.argv
  const handler = await loadHandler(generation === '3' ? 3 : 4, root, name)
  // Node's own list of what it has loaded, not part of its documented interface.
  const { moduleLoadList } = process as unknown as { moduleLoadList: string[] }
  const undici = moduleLoadList.filter(entry => /undici/.test(entry))
  const state = (globalThis as { state?: unknown }).state
  console.log(JSON.stringify({ arity: handler.length, undici, state }))
}
