import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml'

/** A resource as CloudFormation would make it: parameters put in, conditions decided. */
export interface Resource {
  Type: string
  // biome-ignore lint/suspicious/noExplicitAny: as many shapes as there are types of resources
  Properties: any
}

const { resolve } = createRequire(import.meta.url)('../../infra/resolve.cjs') as {
  resolve(
    template: object,
    given: Record<string, string>,
    known: Record<string, string>,
  ): { resources: Record<string, Resource> }
}

/**
 * The resources of one file of `infra/`, as a deployment with these parameters would make them.
 *
 * @param known what is known of other resources, by `Name` or `Name.Attribute`
 */
export function readResources(
  infra: string,
  file: string,
  given: Record<string, string>,
  known: Record<string, string>,
): Record<string, Resource> {
  const parts = ['parameters.yml', 'conditions.yml', file].map(name =>
    readTemplate(readFileSync(`${infra}/${name}`, 'utf8')),
  )
  return resolve(Object.assign({}, ...parts), given, known).resources
}

/** Reads YAML with CloudFormation's short forms written out: `!Ref x` becomes `{ Ref: 'x' }`. */
export function readTemplate(text: string): object {
  // The tags are unknown to the parser, which warns and keeps them.
  const document = parseDocument(text, { logLevel: 'silent' })
  const plain = (node: unknown): unknown => {
    const target = isAlias(node) ? node.resolve(document) : node
    return writtenOut(target as Node | undefined, bare(target))
  }
  const bare = (node: unknown): unknown => {
    if (isMap(node)) {
      return Object.fromEntries(node.items.map(({ key, value }) => [String(plain(key)), plain(value)]))
    }
    if (isSeq(node)) return node.items.map(plain)
    return isScalar(node) ? node.value : undefined
  }
  return plain(document.contents) as object
}

function writtenOut(node: Node | undefined, value: unknown): unknown {
  const tag = node && 'tag' in node ? String(node.tag ?? '') : ''
  if (!/^![A-Z]/.test(tag)) return value
  const name = tag.slice(1)
  if (name === 'Ref' || name === 'Condition') return { [name]: value }
  if (name !== 'GetAtt' || typeof value !== 'string') return { [`Fn::${name}`]: value }
  const dot = value.indexOf('.')
  return { 'Fn::GetAtt': [value.slice(0, dot), value.slice(dot + 1)] }
}
