import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import type { Files } from './bundles.ts'

/** In bytes: as loaded, and zipped as for a deployment. */
export interface Size {
  bundle: number
  zip: number
}

// APPNOTE.TXT sections 4.3.7, 4.3.9, 4.3.12 and 4.3.16: what an archive has beside its files' bytes and names.
const LOCAL_HEADER_B = 30
const DESCRIPTOR_B = 16
const CENTRAL_HEADER_B = 46
const END_B = 22

function sizeOf(paths: readonly string[]): Size {
  const size = { bundle: 0, zip: END_B }
  for (const path of paths) {
    const bytes = readFileSync(path)
    size.bundle += bytes.length
    size.zip += deflateRawSync(bytes, { level: 9 }).length
    const name = `dist/${basename(path)}`
    size.zip += LOCAL_HEADER_B + DESCRIPTOR_B + CENTRAL_HEADER_B + 2 * Buffer.byteLength(name)
  }
  return size
}

export function measureSizes(files: Files): Record<'ours' | 'naive' | 'floor', Size> {
  return {
    ours: sizeOf([files.ours, files.oursCode]),
    naive: sizeOf([files.naive]),
    floor: sizeOf([files.floor]),
  }
}
