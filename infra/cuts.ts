/**
 * What the functions never use of the AWS SDK, cut out of the bundle: more than half of its bytes, which a new
 * container would have to read; and what the SDK does again at each call without a need. The clients are built with
 * an explicit region, credentials, retry mode, request handler and protocol (in Lambda the environment has what they
 * need), so whatever would find these by itself is dead weight; yet the SDK imports it statically, and no tree-shaking
 * removes it. The endpoint may be left to the SDK: its rules and partitions stay, and so do AWS_ENDPOINT_URL_KMS,
 * AWS_ENDPOINT_URL_SECRETS_MANAGER and AWS_ENDPOINT_URL_DYNAMODB.
 *
 * Each cut has to be kept up through the SDK's updates: worth it from about 500 bytes zipped, or where it saves time.
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

/** Schema and registration of each modelled error, and the registries. (Where a part misses, the list tells.) */
const errorClasses =
  /^const \w+_registry = .*\n|^export var \w+\$ = \[-3, [^;]*;\n\w+_registry\.registerError\(.*\);\n|(?<=^export const errorTypeRegistries = \[)[^\]]*/gm

interface Partition {
  regionRegex: string
}

/** The table of partitions, without the Regions for which it says nothing that its expression would not. */
function withoutMatchingRegions(source: string): string {
  const [, head, table, tail] = /^(export const partitionsInfo = )(\{.*?^\})(;.*)/ms.exec(source) ?? []
  if (table === undefined) return source
  const info = JSON.parse(table)
  for (const partition of info.partitions) {
    const regions = Object.entries<{ description?: string }>(partition.regions)
    for (const [region, { description, ...differences }] of regions) {
      const matched = info.partitions.find((one: Partition) => new RegExp(one.regionRegex).test(region))
      if (matched === partition && Object.keys(differences).length === 0) delete partition.regions[region]
      else partition.regions[region] = differences
    }
  }
  return `${head}${JSON.stringify(info)}${tail}`
}

/** An object over `config` instead of a copy of it: what is set there stays there. */
const inheritConfig = (source: string) => source.replace(/\.\.\.config\b/, '__proto__: config')

/** The user agent as the SDK writes it, its application id (AWS_SDK_UA_APP_ID) included, without what is counted. */
const userAgentOnce = (source: string) =>
  source.replace(
    /export const userAgentMiddleware = .*?(?=^const escapeUserAgent)/ms,
    `export const userAgentMiddleware = options => {
       let userAgent
       return next => async args => {
         userAgent ??= (await options.defaultUserAgentProvider(options)).map(escapeUserAgent).join(SPACE)
         args.request.headers[USER_AGENT] = userAgent
         return next(args)
       }
     }\n`,
  )

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
    file: '@aws-sdk/core/dist-es/submodules/protocols/json/AwsJson1_1Protocol.js',
    why: 'the protocol for all operations, with a serializer for every kind of schema: lib/aws/json-protocol.ts is used',
    edit: replaceBy(
      `export class AwsJson1_1Protocol { constructor() { ${absent('The AWS JSON protocol')} } }`,
    ),
  },
  {
    file: '@aws-sdk/client-kms/dist-es/schemas/schemas_0.js',
    why: 'an error class for every operation of KMS, for the protocol that is cut',
    edit: remove(errorClasses),
  },
  {
    file: '@aws-sdk/client-secrets-manager/dist-es/schemas/schemas_0.js',
    why: 'as for KMS',
    edit: remove(errorClasses),
  },
  {
    file: '@smithy/core/dist-es/submodules/client/smithy-client/command.js',
    why: 'asks the schemas of each command whether it streams: the last to need what reads schemas',
    edit: source => source.replace(/Boolean\(NormalizedSchema\.of\(.*\)\)(?=;)/, 'false'),
  },
  {
    file: '@smithy/core/dist-es/submodules/client/smithy-client/schemaLogFilter.js',
    why: 'shows a command to a logger without its secrets: there is no logger, and one would see nothing',
    edit: replaceBy(`export const schemaLogFilter = () => '***SensitiveInformation***'`),
  },
  {
    file: '@aws-sdk/core/dist-es/submodules/client/middleware-recursion-detection/getRecursionDetectionPlugin.js',
    why: 'marks calls of services that could invoke the function again: KMS, secrets and a table without a stream do not',
    edit: remove(/clientStack\.add\(recursionDetectionMiddleware\(\).*/),
  },
  {
    file: '@aws-sdk/client-kms/dist-es/runtimeExtensions.js',
    why: 'changes to the configuration by `extensions`, of which there are none',
    edit: replaceBy(`export const resolveRuntimeExtensions = config => config`),
  },
  {
    file: '@aws-sdk/client-secrets-manager/dist-es/runtimeExtensions.js',
    why: 'as for KMS',
    edit: replaceBy(`export const resolveRuntimeExtensions = config => config`),
  },
  {
    file: '@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/user-agent-middleware.js',
    why: 'puts the same user agent together for each call, and counts features in it',
    edit: userAgentOnce,
  },
  {
    file: '@smithy/core/dist-es/submodules/schema/middleware/schemaSerializationMiddleware.js',
    why: 'copies the whole configuration for each call, to be read: it can be read where it is',
    edit: inheritConfig,
  },
  {
    file: '@smithy/core/dist-es/submodules/schema/middleware/schemaDeserializationMiddleware.js',
    why: 'as before sending',
    edit: inheritConfig,
  },
  {
    file: '@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/endpointMiddleware.js',
    why: 'copies it once more, to set its endpoint where the environment names one',
    edit: inheritConfig,
  },
  {
    file: '@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js',
    why: "every Region by its name: all but the pseudo-Regions match their partition's expression, which decides alike",
    edit: withoutMatchingRegions,
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
