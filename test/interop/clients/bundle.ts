import { readFile } from 'node:fs/promises'
import { type BuildOptions, build, type Plugin } from 'esbuild'

// A program with its packages in one file, as a bundler makes it for an app; or with one package spoiled on purpose.

export interface Spoiling {
  /** The file, from the package's name on. */
  file: string
  from: string
  to: string
}

/** `entry` is the path of the file. */
export async function bundle(
  entry: string,
  { platform, spoiling }: { platform: 'browser' | 'node'; spoiling?: Spoiling | undefined },
): Promise<string> {
  const options: BuildOptions = {
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform,
    target: 'es2022',
    // React's development build: StrictMode does everything twice there.
    ...(platform === 'browser' && { define: { 'process.env.NODE_ENV': '"development"' } }),
    write: false,
    logLevel: 'silent',
    plugins: spoiling ? [spoil(spoiling)] : [],
  }
  const { outputFiles } = await build(options)
  return outputFiles![0]!.text
}

/** Changes a package's own source. What is not there to be spoiled fails the build: the check would prove nothing. */
function spoil({ file, from, to }: Spoiling): Plugin {
  return {
    name: 'spoil',
    setup({ onLoad, onEnd }) {
      let spoiled = false
      const filter = new RegExp(`/node_modules/${file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
      onLoad({ filter }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        spoiled = source.includes(from)
        return { contents: source.replaceAll(from, to), loader: 'js' }
      })
      onEnd(() => (spoiled ? {} : { errors: [{ text: `${file}: there is no ${from}` }] }))
    },
  }
}
