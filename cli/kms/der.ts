// The little of X.690 (DER) that a certificate is written in. Node reads certificates and makes none.

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** One value. X.690 section 8.1.3: short form below 128 bytes, then one or two length bytes; a certificate needs no more. */
export function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

export function sequence(...parts: Buffer[]): Buffer {
  return der(TAG.sequence, ...parts)
}

/** X.690 section 8.19: `1.2.840.…` */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap(arc => {
    const groups = [arc & 0x7f]
    for (let more = arc >> 7; more > 0; more >>= 7) groups.unshift((more & 0x7f) | 0x80)
    return groups
  })
  return der(TAG.oid, Buffer.from(bytes))
}

/** RFC 5280 section 4.1.2.5: UTCTime through the year 2049, GeneralizedTime from 2050 on. */
export function time(at: number): Buffer {
  const digits = `${new Date(at).toISOString().replace(/\D/g, '').slice(0, 14)}Z`
  return Number(digits.slice(0, 4)) < 2050
    ? der(TAG.utcTime, Buffer.from(digits.slice(2)))
    : der(TAG.generalizedTime, Buffer.from(digits))
}

/** RFC 7468: base64 in lines of 64 characters between two that name it. */
export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
