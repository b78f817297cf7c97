import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { parse } from 'yaml'
import type { GatewayResult } from '../../functions/shell.ts'
import { ROOT } from '../support/deployment.ts'

// docs/openapi.yaml, to hold answers against.

export type Schema = Record<string, unknown>
export interface Response {
  headers?: Record<string, { required?: boolean; schema: Schema }>
  content?: Record<string, { schema: Schema }>
}
export interface Operation {
  requestBody: { content: Record<string, { schema: { $ref: string } }> }
  parameters?: { name?: string; in?: string }[]
  responses: Record<string, Response | { $ref: string }>
}
type Method = 'post' | 'options' | 'get'

export const document = parse(readFileSync(join(ROOT, 'docs/openapi.yaml'), 'utf8')) as {
  paths: Record<string, Record<Method, Operation>>
  components: Record<string, Record<string, Schema>>
}

/** What a `$ref` stands for. */
export function resolve<T>(value: T | { $ref: string }): T {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value as T
  const path = String(value.$ref).slice(2).split('/')
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document) as T
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
ajv.addSchema(document, 'openapi')
/** Problems of a value by a schema of the document, whose references start at its root. */
export function problems(schema: Schema, value: unknown): unknown[] {
  const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'))
  const validate = ajv.compile(absolute)
  return validate(value) ? [] : (validate.errors ?? [])
}

/** Problems of a form by the request that the document has of a path. */
export function formProblems(path: string, form: Record<string, string>): unknown[] {
  const { content } = document.paths[path]!.post.requestBody
  return problems(content['application/x-www-form-urlencoded']!.schema, form)
}

/** That an answer is one that the document has, headers and body. */
export function expectDocumented(path: string, result: GatewayResult, method: Method = 'post') {
  const { statusCode, body } = result
  const documented = document.paths[path]![method].responses[String(statusCode)]
  expect(documented, `${method} ${path} ${statusCode}`).toBeDefined()
  const { headers = {}, content } = resolve<Response>(documented!)
  for (const [name, of] of Object.entries(headers)) {
    const header = resolve<{ required?: boolean; schema: Schema }>(of)
    const values = valuesOf(result, name.toLowerCase())
    if (values.length === 0) expect([name, header.required ?? false]).toEqual([name, false])
    for (const value of values) expect(problems(header.schema, value), name).toEqual([])
  }
  // What an answer must not have without its being said.
  for (const name of SAID)
    if (valuesOf(result, name.toLowerCase()).length > 0) expect(Object.keys(headers)).toContain(name)
  const [type, { schema }] = Object.entries(content ?? {})[0] ?? ['', { schema: undefined }]
  if (schema === undefined) return expect(body).toBe('')
  expect(result.headers['content-type']).toMatch(new RegExp(`^${type};`))
  expect(problems(schema, type === 'text/plain' ? body : JSON.parse(body)), body).toEqual([])
}

const SAID = ['Set-Cookie', 'Location', 'Access-Control-Allow-Credentials']

function valuesOf({ headers, cookies = [] }: GatewayResult, name: string): string[] {
  if (name === 'set-cookie') return cookies
  return headers[name] === undefined ? [] : [headers[name]]
}
