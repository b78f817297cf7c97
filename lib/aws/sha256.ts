import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from 'node:crypto'

/**
 * SHA-256 and HMAC for the SDK's SigV4, in the shape that its `sha256` option takes. The SDK's own makes a key of the
 * same bytes for each call, which costs more than the hash; here keys are kept: the credentials' secret as long as it is
 * the same, the day's signing key as long as the SDK keeps it.
 */
export class Sha256 {
  readonly #hash: Hash | Hmac

  constructor(secret?: Secret) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', keyOf(secret))
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : bytesOf(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  /** A part of the shape: an instance of the SDK's own can be used again. */
  reset(): never {
    throw new Error('Sha256 is used once')
  }
}

type Secret = string | ArrayBuffer | ArrayBufferView

const ofBytes = new WeakMap<object, KeyObject>()
let ofText: { secret: string; key: KeyObject } | undefined

function keyOf(secret: Secret): KeyObject {
  if (typeof secret === 'string') {
    if (ofText?.secret !== secret) ofText = { secret, key: createSecretKey(secret, 'utf8') }
    return ofText.key
  }
  const known = ofBytes.get(secret)
  if (known) return known
  const key = createSecretKey(bytesOf(secret))
  ofBytes.set(secret, key)
  return key
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
}
