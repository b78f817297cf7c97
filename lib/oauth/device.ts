import type { Client } from '../config/client.ts'
import { coded, ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'
import type { Answer } from '../http/post.ts'
import { readErrorResponse, readJsonObject } from './error-response.ts'
import { DEVICE_CODE } from './grants.ts'
import { addLimits } from './registered.ts'

/** RFC 8628 section 3.2. */
export interface DeviceAuthorization {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete?: string
  /** Seconds. */
  expires_in: number
  /** Seconds. */
  interval?: number
}

/** The parameters of a device authorization request (RFC 8628 section 3.1) as they go to the provider. Throws ProxyError. */
export function deviceParameters(form: Form, client: Client): URLSearchParams {
  if (!client.grant_types.includes(DEVICE_CODE)) throw new ProxyError('grant_refused')
  return addLimits(new URLSearchParams(), form, client)
}

/** Reads the provider's answer, member by member (RFC 8628 section 3.2). Throws ProxyError. */
export function readDeviceResponse(answer: Answer): DeviceAuthorization {
  const { status } = answer
  if (status !== 200) throw readErrorResponse(answer)
  const json = readJsonObject(answer) ?? {}
  const { device_code, user_code, verification_uri, verification_uri_complete, expires_in, interval } = json
  const strings = [device_code, user_code, verification_uri].every(
    value => typeof value === 'string' && value !== '',
  )
  if (!strings || !isSeconds(expires_in)) {
    throw new ProxyError('upstream_malformed', { upstream: { status }, cause: coded('NO_DEVICE_CODE') })
  }
  return {
    device_code: device_code as string,
    user_code: user_code as string,
    verification_uri: verification_uri as string,
    ...(typeof verification_uri_complete === 'string' && { verification_uri_complete }),
    expires_in,
    ...(isSeconds(interval) && { interval }),
  }
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
