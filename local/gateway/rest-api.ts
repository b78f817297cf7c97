import type { Resource } from './template.ts'

/** A REST API as infra/session-api.yml declares it, as far as it decides over a request. */
export interface RestApi {
  /** The first segment of its paths, under the host name that it shares with the HTTP API. */
  mappingKey: string
  stage: string
  /** The pattern of the one resource that has methods: a greedy one. */
  resource: string
  methods: readonly RestMethod[]
  /** By the type of a gateway response: headers that it adds. */
  gatewayResponses: ReadonlyMap<string, Record<string, string>>
}

export interface RestMethod {
  /** Upper case, or `ANY`. */
  httpMethod: string
  /** The function that is asked, by its name in serverless.yml. */
  authorizer?: string
  integration: ForwardIntegration | FixedIntegration
}

/** HTTP_PROXY: the request goes on to another server. */
export interface ForwardIntegration {
  type: 'HTTP_PROXY'
  /** With `{proxy}` for what the resource's pattern took. */
  uri: string
  /** Names of headers, as they are sent, to where their values come from. */
  headers: Record<string, string>
  timeoutMs: number
}

/** MOCK: an answer that does not depend on the request. */
export interface FixedIntegration {
  type: 'MOCK'
  status: number
  headers: Record<string, string>
}

/** @throws where the file has something that is not done here, rather than do something else than API Gateway would */
export function restApi(resources: Record<string, Resource>): RestApi {
  const all = Object.entries(resources)
  const of = (type: string) => all.filter(([, { Type }]) => Type === `AWS::${type}`)
  const one = (type: string): Resource['Properties'] => {
    const [found, ...others] = of(type)
    if (!found || others.length > 0) throw new Error(`expected one AWS::${type}`)
    return found[1].Properties
  }
  const authorizers = new Map(
    of('ApiGateway::Authorizer').map(([id, { Properties }]) => [id, authorizerFunction(Properties)]),
  )
  return {
    mappingKey: one('ApiGatewayV2::ApiMapping').ApiMappingKey,
    stage: one('ApiGateway::Stage').StageName,
    resource: `/${one('ApiGateway::Resource').PathPart}`,
    methods: of('ApiGateway::Method').map(([, { Properties }]) => ({
      httpMethod: Properties.HttpMethod,
      ...(Properties.AuthorizationType === 'CUSTOM' && {
        authorizer: authorizers.get(Properties.AuthorizerId.Ref)!,
      }),
      integration: integration(Properties.Integration),
    })),
    gatewayResponses: new Map(
      of('ApiGateway::GatewayResponse').map(([, { Properties }]) => [
        Properties.ResponseType as string,
        fixedHeaders(Properties.ResponseParameters, 'gatewayresponse.header.'),
      ]),
    ),
  }
}

function authorizerFunction({
  Type,
  AuthorizerUri,
  AuthorizerResultTtlInSeconds,
  IdentitySource,
}: Resource['Properties']): string {
  if (Type !== 'REQUEST' || AuthorizerResultTtlInSeconds !== 0 || IdentitySource !== undefined) {
    throw new Error('an authorizer is of type REQUEST, without a cache and without identity sources')
  }
  const uri = AuthorizerUri['Fn::Sub'] ?? AuthorizerUri
  return /\/functions\/([^/]+)\/invocations$/.exec(uri)![1]!
}

const HEADER = 'integration.request.header.'

function integration(declared: Resource['Properties']): RestMethod['integration'] {
  if (declared.Type === 'MOCK') {
    const [{ StatusCode, ResponseParameters }] = declared.IntegrationResponses
    return {
      type: 'MOCK',
      status: Number(StatusCode),
      headers: fixedHeaders(ResponseParameters, 'method.response.header.'),
    }
  }
  if (declared.Type !== 'HTTP_PROXY' || declared.IntegrationHttpMethod !== 'ANY') {
    throw new Error(`an integration of the type ${declared.Type} is not made here`)
  }
  const { 'integration.request.path.proxy': path, ...others } = declared.RequestParameters
  if (path !== 'method.request.path.proxy') throw new Error('the path has to go on as it came')
  return {
    type: 'HTTP_PROXY',
    uri: declared.Uri,
    headers: Object.fromEntries(
      Object.entries(others as Record<string, string>).map(([name, source]) => {
        if (!name.startsWith(HEADER)) throw new Error(`${name} is not mapped here`)
        return [name.slice(HEADER.length), source]
      }),
    ),
    timeoutMs: declared.TimeoutInMillis,
  }
}

/** `prefix.Name: "'value'"`: a static value stands between single quotes. */
function fixedHeaders(parameters: Record<string, string>, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, text]) => {
      const value = staticValue(text)
      if (!name.startsWith(prefix) || value === undefined) throw new Error(`${name} is not a fixed header`)
      return [name.slice(prefix.length), value]
    }),
  )
}

export function staticValue(text: string): string | undefined {
  return /^'(.*)'$/.exec(text)?.[1]
}
