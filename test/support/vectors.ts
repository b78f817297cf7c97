import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the vector files of others are. They are no part of this project; without them their tests are skipped. */
const FOREIGN = process.env.COUNTERSIGN_VECTORS ?? join(import.meta.dirname, '../../../shared/vectors')

/** A foreign vector file, undefined where it is not there. */
export function foreignVectors<T>(file: string): T | undefined {
  const path = join(FOREIGN, file)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}

/** A vector file of this project's own. */
export function ownVectors<T>(file: string): T {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', file), 'utf8')) as T
}
