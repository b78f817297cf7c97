import { inflateRawSync } from 'node:zlib'

/**
 * The files of a zip archive, by its central directory (APPNOTE.TXT sections 4.3.12 and 4.3.16): what an unzipper
 * goes by, so nothing can hide between the entries. No zip64, no encryption: a Lambda package needs neither.
 *
 * @throws when the bytes are no such archive
 */
export function readZip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const { name, method, bytes } of entriesOf(zip)) {
    files.set(name, method === 0 ? bytes : inflateRawSync(bytes))
  }
  return files
}

/** What each file takes in the archive. */
export function storedBytes(zip: Buffer): number[] {
  return entriesOf(zip).map(({ bytes }) => bytes.length)
}

function entriesOf(zip: Buffer): { name: string; method: number; bytes: Buffer }[] {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new Error('no end of central directory')
  const entries = []
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.toString('latin1', at, at + 4) !== 'PK\x01\x02') throw new Error('no entry where one should be')
    const method = zip.readUInt16LE(at + 10)
    const size = zip.readUInt32LE(at + 20)
    const nameLength = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    // The local header repeats the name and has an extra field of its own length.
    const local = zip.readUInt32LE(at + 42)
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const bytes = zip.subarray(data, data + size)
    entries.push({ name, method, bytes })
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return entries
}
