import { readFile } from 'node:fs/promises'
import { build } from 'esbuild'

/** What the app's server serves: path to type and content. */
export type Assets = ReadonlyMap<string, Asset>

interface Asset {
  type: string
  content: string | Uint8Array
}

const CLIENT = new URL('./client/', import.meta.url)

/** Bundles the app in memory, its library with it: the page loads nothing from elsewhere. */
export async function readAssets(): Promise<Assets> {
  const [index, deliveries, css, scripts] = await Promise.all([
    readFile(new URL('index.html', CLIENT), 'utf8'),
    readFile(new URL('deliveries.html', CLIENT), 'utf8'),
    readFile(new URL('app.css', CLIENT), 'utf8'),
    build({
      entryPoints: ['app.ts', 'foreign.ts', 'deliveries.tsx'].map(name => new URL(name, CLIENT).pathname),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      minify: true,
      jsx: 'automatic',
      // Its source, so that nothing has to be built before.
      alias: { 'countersign/browser': new URL('../../browser/index.ts', import.meta.url).pathname },
      // React's own switch: without it, its checks for developers come along.
      define: { 'process.env.NODE_ENV': '"production"' },
      write: false,
      outdir: '/',
      logLevel: 'silent',
    }),
  ])
  const html = { type: 'text/html; charset=utf-8', content: index }
  const foreign =
    '<!doctype html><html lang="en"><title>Another origin</title><script type="module" src="/foreign.js"></script></html>'
  return new Map<string, Asset>([
    ['/', html],
    ['/callback', html],
    ['/deliveries', { type: html.type, content: deliveries }],
    ['/foreign', { type: html.type, content: foreign }],
    ['/app.css', { type: 'text/css; charset=utf-8', content: css }],
    ...scripts.outputFiles.map(
      ({ path, contents }) => [path, { type: 'text/javascript; charset=utf-8', content: contents }] as const,
    ),
  ])
}
