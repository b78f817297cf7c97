/** The claims of a client assertion (RFC 7523 section 3, RFC 10070). Times are in whole seconds since the epoch. */
export type ClientAssertion = {
  iss: string
  sub: string
  aud: string
  iat: number
  exp: number
  jti: string
}

/**
 * Builds the claims of one assertion. `now` is in milliseconds since the epoch, as `Date.now()` gives it;
 * `jti` must be new for every assertion; `lifetime` is in seconds.
 */
export function clientAssertion(
  client_id: string,
  aud: string,
  now: number,
  jti: string,
  lifetime: number,
): ClientAssertion {
  // Rounded down, so that `iat` is never ahead of a provider whose clock agrees with ours.
  const iat = Math.floor(now / 1000)
  return {
    // RFC 7523 section 3, items 1 and 2: both are the client.
    iss: client_id,
    sub: client_id,
    // RFC 10070: one audience and no more. A string, since FAPI 2.0 (5.3.3.1) takes nothing else.
    aud,
    // No `nbf`: PingOne refuses one that its own clock puts into the future, and `iat` says as much.
    iat,
    exp: iat + lifetime,
    jti,
  }
}
