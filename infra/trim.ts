import { readFile } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import type { Loader, Plugin } from 'esbuild'

/**
 * What the functions never use of the AWS SDK, cut out of the bundle: half of its bytes, and half of the time
 * that a new container spends on loading it. The clients are built with an explicit region, credentials, retry
 * mode and request handler (in Lambda the environment has them all), so whatever would find these by itself is
 * dead weight; yet the SDK imports it statically, and no tree-shaking removes it. The endpoint may be left to the
 * SDK: its rules and partitions stay, and so do AWS_ENDPOINT_URL_KMS and AWS_ENDPOINT_URL_SECRETS_MANAGER.
 */
export interface Cut {
  /** Path below `node_modules/`, with slashes. */
  file: string
  why: string
  /** Source in, source out. Must change it. */
  edit: (source: string) => string
}

const replaceBy = (contents: string) => () => contents
const remove = (parts: RegExp) => (source: string) => source.replace(parts, '')
const versionAlone = (source: string) => JSON.stringify({ version: JSON.parse(source).version })

/** A stand-in that is there for its importers' names alone: whoever does call it finds out at once. */
const absent = (what: string) => `throw new Error('${what} is not part of this bundle')`

/** Schema and registration of each modelled error. The SDK's base exception carries the same without them. */
const modelledErrors = /^export var \w+\$ = \[-3, n0,[^;]*;\nn0_registry\.registerError\(.*\);\n/gm

export const CUTS: readonly Cut[] = [
  {
    file: '@aws-sdk/credential-provider-node/dist-es/index.js',
    why: 'the default credential chain (SSO, STS, ini files, processes): Lambda has its keys in the environment',
    edit: replaceBy(`export const defaultProvider = () => async () => { ${absent('The credential chain')} }`),
  },
  {
    file: '@smithy/core/dist-es/submodules/event-streams/index.js',
    why: 'neither Sign nor GetSecretValue streams; the only lazy import inside the SDK, it also costs wrappers',
    edit: replaceBy(
      `export class EventStreamSerde { constructor() { ${absent('Event streaming')} } }
       export const eventStreamSerdeProvider = () => undefined`,
    ),
  },
  {
    file: '@smithy/signature-v4/dist-es/HeaderFormatter.js',
    why: 'writes the headers of signed event streams',
    edit: replaceBy(`export class HeaderFormatter { format() { ${absent('Event streaming')} } }`),
  },
  {
    file: '@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSharedConfigFiles.js',
    why: '~/.aws/config and credentials: a function has neither, and is configured by its environment alone',
    edit: replaceBy(
      `export { CONFIG_PREFIX_SEPARATOR } from './constants'
       export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} })`,
    ),
  },
  {
    file: '@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getInstanceMetadataRegion.js',
    why: 'asks an EC2 metadata server for the region: there is none in Lambda',
    edit: replaceBy('export const getInstanceMetadataRegion = async () => undefined'),
  },
  {
    file: '@smithy/core/dist-es/submodules/checksum/sha256/Sha256Js.js',
    why: 'SHA-256 in JavaScript, for a Node without crypto',
    edit: replaceBy(`export class Sha256Js { constructor() { ${absent('SHA-256 in JavaScript')} } }`),
  },
  {
    file: '@smithy/core/dist-es/submodules/retry/util-retry/AdaptiveRetryStrategy.js',
    why: 'the adaptive retry mode and its rate limiter: the standard mode is used, with two attempts',
    edit: replaceBy(
      `export class AdaptiveRetryStrategy { constructor() { ${absent('The adaptive retry mode')} } }`,
    ),
  },
  {
    file: '@aws-sdk/client-kms/dist-es/schemas/schemas_0.js',
    why: 'an error class for every operation of KMS: without its class an error keeps name, message and metadata',
    edit: remove(modelledErrors),
  },
  {
    file: '@aws-sdk/client-secrets-manager/dist-es/schemas/schemas_0.js',
    why: 'as for KMS',
    edit: remove(modelledErrors),
  },
  {
    file: '@aws-sdk/client-kms/package.json',
    why: 'imported whole for the version in the user agent',
    edit: versionAlone,
  },
  {
    file: '@aws-sdk/client-secrets-manager/package.json',
    why: 'as for KMS',
    edit: versionAlone,
  },
]

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
