import { readFile } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import type { Loader, Plugin } from 'esbuild'
import { CUTS, type Cut } from './cuts.ts'

/** `…/node_modules/a/b.js` -> `a/b.js`, the innermost one, on any platform. */
function belowNodeModules(path: string): string {
  return path.replaceAll('\\', '/').split('/node_modules/').at(-1) ?? path
}

/**
 * The esbuild plugin that makes the cuts. The paths are internals of the SDK, so an update may move them, and a
 * cut that silently no longer applies would bring everything back: the build fails instead, naming the cut, when
 * one matches no file of the bundle or changes nothing. (A stub that lacks a name its importers need is an
 * esbuild error by itself.)
 */
export function trim(cuts: readonly Cut[] = CUTS): Plugin {
  return {
    name: 'trim',
    setup(build) {
      const applied = new Set<Cut>()
      build.onStart(() => applied.clear())
      const names = cuts.map(({ file }) => file.split('/').at(-1)?.replaceAll('.', '\\.'))
      build.onLoad(
        { filter: new RegExp(`[\\\\/]node_modules[\\\\/].*[\\\\/](${names.join('|')})$`) },
        async args => {
          const cut = cuts.find(({ file }) => file === belowNodeModules(args.path))
          if (cut === undefined) return undefined
          const source = await readFile(args.path, 'utf8')
          const contents = cut.edit(source)
          if (contents !== source) applied.add(cut)
          return { contents, loader: extname(args.path).slice(1) as Loader, resolveDir: dirname(args.path) }
        },
      )
      build.onEnd(() => ({
        errors: cuts
          .filter(cut => !applied.has(cut))
          .map(({ file, why }) => ({ text: `nothing left to cut in ${file} (${why}): look where it went` })),
      }))
    },
  }
}
