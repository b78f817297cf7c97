import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { selfSignedCertificate } from '../support/certificate.ts'
import { json, startMisbehaving, startProvider, startRaw, type Tls } from '../support/fake-provider.ts'
import type { Behaviour, Setting, Stage } from './stage.ts'
import { tokens } from './stage.ts'
import { line, play, type Row, written } from './table.ts'

// The connection to the provider: what never stood may be opened once more, what may have carried the code is not repeated.

const DAY_MS = 86_400_000
const HOST = '127.0.0.1'

const UNREACHED = {
  cold: true,
  mends: false,
  status: 502,
  error: 'server_error',
  signed: 1,
  sent: 0,
} as const
const LOST = { status: 502, error: 'exchange_outcome_unknown', signed: 1, sent: 1 }
const WELL = { status: 200, signed: 1, sent: 1, reason: 'tokens' }

const does = (behaviour: Behaviour) => (stage: Stage) => {
  stage.behave = behaviour
}

const BODY = '{"access_token":"at","token_type":"Bearer"}'
const OK = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`

/** A provider that answers in bytes: the second request as told, every other one well. */
const bytes = (act: (socket: Socket) => void): Setting => ({
  provider: () => startMisbehaving((socket, nth) => (nth === 2 ? act(socket) : void socket.write(OK))),
})
/** One that answers well, and does something with each connection right after its first answer. */
const afterwards = (act: (socket: Socket) => void): Setting => ({
  provider: () =>
    startMisbehaving((socket, nth) => {
      socket.write(OK)
      if (nth === 1) setTimeout(() => act(socket), 10)
    }),
})
const aMoment = () => new Promise(resolve => setTimeout(resolve, 50))

const overTls = (tls: Tls, ca = tls.cert): Setting => ({
  provider: () => startProvider(response => json(response, 200, {}), tls),
  ca,
})
const certificate = selfSignedCertificate([HOST])

const tls: Row[] = [
  {
    fault: 'the certificate of the provider is of no authority that is known',
    setting: overTls(certificate, selfSignedCertificate([HOST]).cert),
    ...UNREACHED,
    reason: 'upstream_unreachable: DEPTH_ZERO_SELF_SIGNED_CERT',
  },
  {
    fault: 'the certificate of the provider is for another host',
    setting: overTls(selfSignedCertificate(['other.example'])),
    ...UNREACHED,
    reason: 'upstream_unreachable: ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    fault: 'the certificate of the provider has expired',
    setting: overTls(selfSignedCertificate([HOST], Date.now() - 2 * DAY_MS)),
    ...UNREACHED,
    reason: 'upstream_unreachable: CERT_HAS_EXPIRED',
  },
  {
    fault: 'the provider speaks TLS 1.1 at most',
    setting: overTls({
      ...certificate,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    }),
    ...UNREACHED,
    reason: 'upstream_unreachable: EPROTO',
  },
  {
    fault: 'the provider never ends its TLS handshake',
    setting: {
      provider: async () => ({ url: `https://127.0.0.1:${(await startRaw(() => {})).port}`, requests: [] }),
    },
    ...UNREACHED,
    reason: 'upstream_unreachable: CONNECT_TIMEOUT',
  },
  {
    fault: 'the provider does not speak TLS',
    setting: {
      async provider() {
        const { port } = await startRaw(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
        return { url: `https://127.0.0.1:${port}`, requests: [] }
      },
    },
    ...UNREACHED,
    reason: 'upstream_unreachable: EPROTO',
  },
]

const rows: Row[] = [
  {
    fault: 'nobody listens at the provider',
    setting: { provider: async () => ({ url: 'http://127.0.0.1:9', requests: [] }) },
    ...UNREACHED,
    reason: 'upstream_unreachable: ECONNREFUSED',
  },
  ...tls,
  {
    fault: 'the provider reads the request and resets the connection',
    breaks: does(response => response.socket?.resetAndDestroy()),
    ...LOST,
    reason: 'upstream_lost: ECONNRESET',
  },
  {
    fault: 'the provider reads the request and closes the connection',
    breaks: does(response => response.socket?.end()),
    ...LOST,
    reason: 'upstream_lost: ECONNRESET',
  },
  {
    fault: 'half an answer, and the connection ends',
    breaks: does(response => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"access_token":', () => response.destroy())
    }),
    ...LOST,
    reason: 'upstream_lost: ECONNRESET',
  },
  {
    fault: 'the provider answers what is not HTTP',
    setting: bytes(socket => socket.write('SSH-2.0-OpenSSH\r\n')),
    ...LOST,
    reason: 'upstream_lost: HPE_INVALID_CONSTANT',
  },
  {
    fault: 'the provider changes the protocol (101)',
    setting: bytes(socket =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'),
    ),
    status: 502,
    error: 'server_error',
    signed: 1,
    sent: 1,
    reason: 'upstream_malformed: UPGRADE',
  },
  {
    fault: 'early hints (103) before the answer',
    setting: bytes(socket => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}`)),
    ...WELL,
  },
  {
    fault: 'the answer comes byte by byte',
    setting: bytes(async socket => {
      for (const byte of OK) {
        socket.write(byte)
        await new Promise(resolve => setImmediate(resolve))
      }
    }),
    ...WELL,
  },
  {
    fault: 'the answer has no length and ends with the connection',
    setting: bytes(socket => socket.end(`HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${BODY}`)),
    ...WELL,
  },
  {
    fault: 'the provider closes the connection between two exchanges',
    setting: afterwards(socket => socket.end()),
    breaks: aMoment,
    ...WELL,
  },
  {
    fault: 'the provider resets the connection between two exchanges',
    setting: afterwards(socket => socket.resetAndDestroy()),
    breaks: aMoment,
    ...WELL,
  },
  {
    fault: 'the provider sends a second answer that nobody asked for',
    setting: afterwards(socket => socket.write(OK.replace('"at"', '"xx"'))),
    breaks: aMoment,
    ...WELL,
  },
  {
    fault: 'the provider closes every connection after its answer',
    breaks: does((response, request, nth) => {
      response.setHeader('connection', 'close')
      tokens(response, request, nth)
    }),
    ...WELL,
  },
]

describe.concurrent('Connection', () => {
  test.for(rows)('$fault', row => play(row))
})

test('docs/faults.md has these rows and no others', () => {
  expect(written('Connection')).toEqual(rows.map(line))
})
