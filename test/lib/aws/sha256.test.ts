import { createHash, createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { Sha256 } from '../../../lib/aws/sha256.ts'

async function digest(
  secret: ConstructorParameters<typeof Sha256>[0],
  ...data: (string | Uint8Array | ArrayBuffer)[]
) {
  const hash = new Sha256(secret)
  for (const part of data) hash.update(part)
  return Buffer.from(await hash.digest()).toString('hex')
}

test('a hash of text and of bytes', async () => {
  const expected = createHash('sha256')
    .update('abc')
    .update(Buffer.from([1, 2]))
    .digest('hex')
  expect(await digest(undefined, 'abc', new Uint8Array([1, 2]))).toBe(expected)
  expect(await digest(undefined, 'abc', new Uint8Array([1, 2]).buffer)).toBe(expected)
  expect(await digest(undefined)).toBe(createHash('sha256').digest('hex'))
})

test('an HMAC by a secret of text, the first, another, and the first again', async () => {
  for (const secret of ['one', 'two', 'one', 'ä']) {
    expect(await digest(secret, 'abc')).toBe(createHmac('sha256', secret).update('abc').digest('hex'))
  }
})

test('an HMAC by a secret of bytes: a view, a buffer, and the same object twice', async () => {
  const bytes = randomBytes(64)
  for (const secret of [bytes, bytes, bytes.subarray(3, 35), new Uint8Array(bytes).buffer]) {
    const key = ArrayBuffer.isView(secret) ? secret : new Uint8Array(secret)
    expect(await digest(secret, 'abc')).toBe(createHmac('sha256', key).update('abc').digest('hex'))
  }
})

test('is used once: who takes it for the SDK’s own, which can be used again, gets no wrong hash', () => {
  expect(() => new Sha256().reset()).toThrow('Sha256 is used once')
})
