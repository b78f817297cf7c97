import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { Template } from './packaged.ts'

// Another CloudFormation than AWS's: moto's, where it is installed. It implements some types of resources and not others.

const LIST = `
import importlib, pkgutil, moto
from moto.core.common_models import CloudFormationModel
for module in pkgutil.iter_modules(moto.__path__):
    try: importlib.import_module(f'moto.{module.name}.models')
    except Exception: pass
def below(one):
    for other in one.__subclasses__():
        yield other
        yield from below(other)
print('\\n'.join(sorted({one.cloudformation_type() for one in below(CloudFormationModel)})))
`

/** The types of resources that moto's CloudFormation makes, or none where it is not installed. */
export function motoTypes(): string[] {
  try {
    const output = execFileSync('python3', ['-c', LIST], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.split('\n').filter(type => /^AWS::\w+::\w+$/.test(type))
  } catch {
    return []
  }
}

/** The template without what moto does not make. What refers to it is given a made-up value instead. */
export function without(template: Template, types: ReadonlySet<string>): Template {
  const missing = new Set(
    Object.entries(template.Resources)
      .filter(([, { Type }]) => types.has(Type))
      .map(([name]) => name),
  )
  const standIn = (name: string, attribute = 'Ref') =>
    attribute === 'Ref' && name.endsWith('Secret')
      ? `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-a1B2c3-GhIjKl`
      : `${name}.${attribute}`
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace)
    if (typeof value === 'string') {
      return value.replace(/\$\{(\w+)\}/g, (whole, name) => (missing.has(name) ? standIn(name) : whole))
    }
    if (typeof value !== 'object' || value === null) return value
    const { Ref, 'Fn::GetAtt': path } = value as { Ref?: string; 'Fn::GetAtt'?: [string, string] }
    if (Ref !== undefined && missing.has(Ref)) return standIn(Ref)
    if (path !== undefined && missing.has(path[0])) return standIn(...path)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]))
  }
  const kept = Object.entries(template.Resources).filter(([name]) => !missing.has(name))
  const resources = kept.map(([name, { DependsOn, ...resource }]) => {
    const left = [DependsOn ?? []].flat().filter(other => !missing.has(other))
    return [name, { ...(replace(resource) as typeof resource), ...(left.length > 0 && { DependsOn: left }) }]
  })
  return {
    ...template,
    Resources: Object.fromEntries(resources),
    Outputs: replace(template.Outputs) as Template['Outputs'],
  }
}

export interface Moto {
  endpoint: string
  /** An operation of an API of forms and XML. Gives the answer's text. @throws for any other status than 200 */
  query(service: string, action: string, parameters?: Record<string, string>): Promise<string>
  /** An operation of an API of JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: as many shapes as there are operations
  json(service: string, target: string, body?: object): Promise<any>
  /** A plain GET of a REST API. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  get(service: string, path: string): Promise<any>
  stop(): Promise<void>
}

const VERSIONS: Record<string, string> = {
  cloudformation: '2010-05-15',
  iam: '2010-05-08',
  sns: '2010-03-31',
}

export async function startMoto(): Promise<Moto> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const process = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  })
  const endpoint = `http://127.0.0.1:${port}`
  await answering(endpoint, process)
  // It looks at the service that the signature is for, and at nothing else of it.
  const headers = (service: string) => ({
    authorization: `AWS4-HMAC-SHA256 Credential=x/20261124/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=x`,
  })
  const send = async (init: RequestInit, path = '/') => {
    const response = await fetch(endpoint + path, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return text
  }
  return {
    endpoint,
    query: (service, action, parameters = {}) => {
      const body = new URLSearchParams({ Action: action, Version: VERSIONS[service]!, ...parameters })
      return send({ method: 'POST', headers: headers(service), body })
    },
    json: async (service, target, body = {}) => {
      const type = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
      const init = { method: 'POST', headers: { ...headers(service), ...type }, body: JSON.stringify(body) }
      return JSON.parse((await send(init)) || '{}')
    },
    get: async (service, path) => JSON.parse(await send({ headers: headers(service) }, path)),
    stop: async () => {
      const closed = once(process, 'close')
      process.kill()
      await closed
    },
  }
}

async function answering(url: string, process: ChildProcess): Promise<void> {
  for (const end = Date.now() + 45_000; ; ) {
    try {
      await fetch(url)
      return
    } catch (error) {
      if (Date.now() > end || process.exitCode !== null) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
