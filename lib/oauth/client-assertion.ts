import { type HeaderRules, signJws } from '../jose/jws.ts'
import type { Signer } from '../jose/signer.ts'

/** The claims of a client assertion (RFC 7523 section 3, RFC 10070). Times are in whole seconds since the epoch. */
export type ClientAssertion = {
  iss: string
  sub: string
  aud: string
  iat: number
  exp: number
  nbf?: number
  jti: string
}

/**
 * Builds the claims of one assertion. `now` is in milliseconds since the epoch, as `Date.now()` gives it;
 * `jti` must be new for every assertion; `lifetime` is in seconds; `nbf` says whether the claim of that name goes along.
 */
export function clientAssertion(
  client_id: string,
  aud: string,
  now: number,
  jti: string,
  lifetime: number,
  nbf = false,
): ClientAssertion {
  // Rounded down, so that `iat` is never ahead of a provider whose clock agrees with ours.
  const iat = Math.floor(now / 1000)
  return {
    // RFC 7523 section 3, items 1 and 2: both are the client.
    iss: client_id,
    sub: client_id,
    // RFC 10070: one audience and no more. A string, since FAPI 2.0 (5.3.3.1) takes nothing else.
    aud,
    iat,
    exp: iat + lifetime,
    // Only where a provider expects it: PingOne refuses one that its own clock puts into the future, and `iat` says as much.
    ...(nbf && { nbf: iat }),
    jti,
  }
}

/** A signed assertion, to be sent once, and what is known of it. */
export interface Assertion {
  /** The compact JWS (RFC 7521 section 4.2). */
  readonly client_assertion: string
  readonly jti: string
  /** When its claims were made, in milliseconds since the epoch. */
  readonly born: number
  /** Its `exp`, in seconds since the epoch. */
  readonly exp: number
  /** The signing service's own id of its request. */
  readonly kms_request_id: string | undefined
  /** Its signing began before the request that it is used for. */
  readonly ahead: boolean
}

/** Where the assertions of one client come from. */
export interface AssertionSource {
  readonly kid: string
  /** One assertion for one request: never the same one again. Rejects as `Signer.sign` does. */
  take(aud: string): Promise<Assertion>
  /** Told once a request is on its way: the time for the next one's assertion, if there is to be one. Never throws. */
  signNext(): void
  /** Told at a cold start. Ends when the first assertion is there, or cannot be had. Never rejects. */
  prepare(): Promise<void>
}

export interface AssertionOptions {
  client_id: string
  /** The JWT's explicit type. */
  typ: string
  /** Seconds. */
  lifetime: number
  nbf?: boolean | undefined
  header?: HeaderRules | undefined
  /** Milliseconds since the epoch, as `Date.now`. */
  now(): number
  /** At least 128 bits of randomness, at most 64 characters, new at each call. */
  randomId(): string
}

/** Each assertion is made and signed when it is taken. */
export function signedInTime(signer: Signer, options: AssertionOptions): AssertionSource {
  const { client_id, typ, lifetime, nbf, header, now, randomId } = options
  return {
    kid: signer.kid,
    async take(aud) {
      const born = now()
      const jti = randomId()
      const claims = clientAssertion(client_id, aud, born, jti, lifetime, nbf)
      const { jws, requestId } = await signJws(typ, claims, signer, header)
      return {
        client_assertion: jws,
        jti,
        born,
        exp: claims.exp,
        kms_request_id: requestId,
        ahead: false,
      }
    },
    signNext() {},
    async prepare() {},
  }
}
