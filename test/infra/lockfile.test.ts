import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readList } from '../../infra/contents.ts'
import { ROOT } from '../support/deployment.ts'

interface Package {
  name?: string
  version?: string
  integrity?: string
  resolved?: string
  link?: boolean
  dev?: boolean
  hasInstallScript?: boolean
  dependencies?: Record<string, string>
}

const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'))
const project = read('package.json') as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  optionalDependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}
const lock = read('package-lock.json') as { lockfileVersion: number; packages: Record<string, Package> }
const installed = Object.entries(lock.packages).filter(([place]) => place !== '')
const nameOf = (place: string) => place.split('node_modules/').at(-1)!

describe('the lock file', () => {
  test('has a SHA-512 for every package, and none from a folder', () => {
    expect(lock.lockfileVersion).toBe(3)
    expect(installed.length).toBeGreaterThan(300)
    const without = installed.filter(
      ([, { integrity = '', link }]) => link || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
    )
    expect(without.map(([place]) => place)).toEqual([])
  })

  test('names no registry: whose mirror answers is the machine’s business, what it answers is not', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
    // A package by its address, and not from a registry at all, has that for its version.
    expect(installed.filter(([, { version = '' }]) => !/^\d+\.\d+\.\d+/.test(version))).toEqual([])
  })

  test('is that of package.json, which names exact versions', () => {
    const { '': root } = lock.packages
    const { dependencies, devDependencies, optionalDependencies } = project
    expect(root).toMatchObject({ dependencies, devDependencies, optionalDependencies })
    for (const [name, version] of Object.entries({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    })) {
      expect(version, name).toMatch(/^(npm:[a-z]+@)?\d+\.\d+\.\d+$/)
      expect(version.split('@').at(-1), name).toBe(lock.packages[`node_modules/${name}`]!.version)
    }
  })

  test('has no install script that has not been looked at, and none of them is needed', () => {
    const scripts = installed.filter(([, { hasInstallScript }]) => hasInstallScript)
    expect([...new Set(scripts.map(([place]) => nameOf(place)))].sort()).toEqual(
      Object.keys(project.allowScripts),
    )
    // esbuild's replaces a link by its binary, es5-ext's is a message, classic-level's looks for a compiler.
    expect(Object.values(project.allowScripts).filter(allowed => allowed)).toEqual([])
    // Nothing that is deployed has one.
    expect(scripts.filter(([, { dev }]) => !dev)).toEqual([])
  })
})

/** In a bundle, and none of our `dependencies`: what brings each. */
const BROUGHT: Record<string, string> = {
  // Of the clients, cut to a stub: infra/cuts.ts.
  '@aws-sdk/credential-provider-node': '@aws-sdk/client-kms',
  // What the clients send, and sign, with.
  '@smithy/node-http-handler': '@aws-sdk/client-kms',
  '@smithy/signature-v4': '@aws-sdk/core',
  '@smithy/types': '@smithy/core',
}

describe('package.json and the list of what is in the bundles agree', () => {
  test('each dependency is in a bundle, and each package of a bundle is one, or is brought by one', async () => {
    const listed = new Set(Object.values(await readList()).flatMap(Object.keys))
    listed.delete('(our own code)')
    expect([...listed].sort()).toEqual([...Object.keys(project.dependencies), ...Object.keys(BROUGHT)].sort())
  })

  test.each(Object.entries(BROUGHT))('%s is brought by %s', (name, by) => {
    expect(Object.keys(project.dependencies)).toContain(by)
    expect(Object.keys(lock.packages[`node_modules/${by}`]!.dependencies ?? {})).toContain(name)
  })

  test('none is there for development only', async () => {
    const listed = new Set(Object.values(await readList()).flatMap(Object.keys))
    const dev = installed.filter(([place, one]) => listed.has(nameOf(place)) && one.dev)
    expect(dev.map(([place]) => place)).toEqual([])
  })
})
