import { ProxyError } from '../errors.ts'
import { hasRepeatedMembers } from '../json.ts'
import {
  BODY_MAX_B,
  PARAMETER_NAME_MAX_B,
  PARAMETER_VALUE_MAX_B,
  PARAMETERS_MAX,
  TOKEN_VALUE_MAX_B,
} from '../limits.ts'

/** A request's parameters: name to values, in the order sent, without the empty ones. */
export type Form = ReadonlyMap<string, readonly string[]>

/** A body as a gateway hands it over. */
export interface RawBody {
  contentType: string | undefined
  body: string | undefined
  isBase64Encoded: boolean
}

/**
 * Reads a form (RFC 6749 section 4.1.3) or one flat JSON object of strings into parameters, under the limits of
 * requirement IN-3. Throws ProxyError `body_too_large`, `content_type_unsupported` or `body_malformed`.
 */
export function readForm(raw: RawBody, maxBytes = BODY_MAX_B): Form {
  const bytes = readBytes(raw, maxBytes)
  const type = mediaType(raw.contentType)
  if (type !== 'application/x-www-form-urlencoded' && type !== 'application/json') {
    throw new ProxyError('content_type_unsupported')
  }
  const text = decodeUtf8(bytes)
  if (type === 'application/x-www-form-urlencoded') return collect([...new URLSearchParams(text)])
  const form = collect(jsonPairs(text))
  // A hand-written app posts { code, redirect_uri, … }; RFC 6749 knows no JSON, so only here is the grant implied.
  return form.has('grant_type') ? form : new Map([...form, ['grant_type', ['authorization_code']]])
}

/** The parameters of a query, under the same limits. Throws ProxyError `body_malformed`. */
export function readQuery(query: string): Form {
  return collect([...new URLSearchParams(query)])
}

function readBytes({ body = '', isBase64Encoded }: RawBody, maxBytes: number): Buffer {
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
  if (bytes.length > maxBytes) throw new ProxyError('body_too_large')
  return bytes
}

// RFC 9110 section 8.3.1: type and subtype are case-insensitive; parameters such as charset are tolerated.
function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase()
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ProxyError('body_malformed')
  }
}

function jsonPairs(text: string): [string, string][] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ProxyError('body_malformed')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ProxyError('body_malformed')
  const pairs = Object.entries(value)
  if (!pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')) {
    throw new ProxyError('body_malformed')
  }
  if (hasRepeatedMembers(text, value)) throw new ProxyError('parameter_repeated')
  return pairs
}

/** A ticket is sealed around a code, which may be as long as any other value. */
const TOKENS: ReadonlySet<string> = new Set(['refresh_token', 'token', 'id_token_hint', 'ticket'])

function collect(pairs: readonly (readonly [string, string])[]): Form {
  if (pairs.length > PARAMETERS_MAX) throw new ProxyError('body_malformed')
  const form = new Map<string, string[]>()
  for (const [name, value] of pairs) {
    const max = TOKENS.has(name) ? TOKEN_VALUE_MAX_B : PARAMETER_VALUE_MAX_B
    if (Buffer.byteLength(name) > PARAMETER_NAME_MAX_B || Buffer.byteLength(value) > max) {
      throw new ProxyError('body_malformed')
    }
    // RFC 6749 section 3.2: a parameter sent without a value is treated as if it were omitted.
    if (value === '') continue
    const values = form.get(name)
    if (values) values.push(value)
    else form.set(name, [value])
  }
  return form
}
