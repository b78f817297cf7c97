// Which module imports which, and what it may. Paths are relative to the project, with `/`.

export interface SourceFile {
  path: string
  text: string
}

export interface Import {
  /** A path for one of our own, otherwise the specifier. */
  target: string
  typeOnly: boolean
}

const STATIC = /^\s*(?:import|export)\s+(?:([^'"();]*?)\s*from\s*)?'([^']+)'/gm
const DYNAMIC = /\b(?:import|require)\(\s*([^)]*?)\s*\)/g

/** The imports of one file, re-exports and `import()` with them. One with a computed specifier has it as its target. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const statics = [...text.matchAll(STATIC)].map(([, clause = '', specifier = '']) => ({
    target: resolve(path, specifier),
    typeOnly: isTypeOnly(clause),
  }))
  const dynamics = [...withoutComments(text).matchAll(DYNAMIC)].map(([, argument = '']) => ({
    target: /^'[^']*'$/.test(argument) ? resolve(path, argument.slice(1, -1)) : `computed: ${argument}`,
    typeOnly: false,
  }))
  return [...statics, ...dynamics]
}

function isTypeOnly(clause: string): boolean {
  if (/^type\s/.test(clause)) return true
  const names = /^\{([^}]*)\}$/.exec(clause.trim())?.[1]?.split(',') ?? []
  const named = names.map(name => name.trim()).filter(name => name !== '')
  return named.length > 0 && named.every(name => name.startsWith('type '))
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*)/gm, '')
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith('.') ? new URL(specifier, `file:///${from}`).pathname.slice(1) : specifier
}

/** `names` are exact, or end in `/` or `:` and stand for all that starts with them. */
function isOneOf(target: string, names: readonly string[]): boolean {
  return names.some(name => (/[/:]$/.test(name) ? target.startsWith(name) : target === name))
}

/** A room: a folder (with `/`) or one file. `types` may be imported as types alone. */
export interface Room {
  may: readonly string[]
  not?: readonly string[]
  types?: readonly string[]
}

export interface House {
  rooms: Readonly<Record<string, Room>>
  /** Folders and files that only these may import. */
  importedBy: Readonly<Record<string, readonly string[]>>
  /** Where every file has to be in a room. */
  judged: readonly string[]
}

/** Everything in which the files break the rules of the house, one line each. */
export function breaches(files: readonly SourceFile[], house: House): string[] {
  return [...files.flatMap(file => breachesOf(file, house)), ...cycles(files, house)]
}

function breachesOf(file: SourceFile, { rooms, importedBy, judged }: House): string[] {
  const name = Object.keys(rooms).find(room => isOneOf(file.path, [room]))
  const unplaced = name === undefined && isOneOf(file.path, judged) ? [`${file.path}: is in no room`] : []
  const imports = importsOf(file).flatMap(({ target, typeOnly }) => {
    const room = name === undefined ? undefined : rooms[name]
    const allowed = typeOnly ? [...(room?.may ?? []), ...(room?.types ?? [])] : (room?.may ?? [])
    const outside = room && (!isOneOf(target, allowed) || isOneOf(target, room.not ?? []))
    const closed = Object.entries(importedBy).some(
      ([inner, by]) => isOneOf(target, [inner]) && !isOneOf(file.path, [inner, ...by]),
    )
    return outside || closed ? [`${file.path}: imports ${target}`] : []
  })
  return [...unplaced, ...imports]
}

/** What is imported as a type is gone at run time, so only other imports make a cycle. */
function cycles(files: readonly SourceFile[], { judged }: House): string[] {
  const edges = new Map(
    files
      .filter(({ path }) => isOneOf(path, judged))
      .map(file => [
        file.path,
        importsOf(file).flatMap(({ target, typeOnly }) => (typeOnly ? [] : [target])),
      ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: string[]): void => {
    if (trail.includes(path)) found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' > ')}`)
    if (done.has(path) || trail.includes(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}
