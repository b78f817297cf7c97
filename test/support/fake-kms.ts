import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

// AWS JSON 1.1 on loopback, as far as one operation at a time needs it: an answer is a literal.

export interface AwsCall {
  /** Such as `TrentService.Sign`. */
  target: string
  input: Record<string, string>
}

export type AwsAnswer =
  | { status: number; body: unknown; headers?: Record<string, string> }
  /** Read and never answered; the connection is reset once the request has been read. */
  | 'hang'
  | 'reset'

export interface FakeAws {
  endpoint: string
  calls: AwsCall[]
  /** The Region that each call was signed for. */
  regions: (string | undefined)[]
  /** The request id of the last answer. */
  requestId: string
  close(): void
}

/** `answer` may be a string for a body that is not JSON. */
export async function startFakeAws(
  answer: (call: AwsCall, nth: number) => AwsAnswer | Promise<AwsAnswer>,
): Promise<FakeAws> {
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const call = {
      target: String(request.headers['x-amz-target']),
      input: JSON.parse(Buffer.concat(chunks).toString('utf8')),
    }
    aws.calls.push(call)
    aws.regions.push(/Credential=[^/]+\/\d+\/([^/]+)/.exec(request.headers.authorization ?? '')?.[1])
    const made = await answer(call, aws.calls.length)
    if (made === 'hang') return
    if (made === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    aws.requestId = randomUUID()
    response.writeHead(made.status, {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': aws.requestId,
      ...made.headers,
    })
    response.end(typeof made.body === 'string' ? made.body : JSON.stringify(made.body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const aws: FakeAws = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    regions: [],
    requestId: '',
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return aws
}

/** An error as KMS puts it into a body; its message names the key, as KMS's own do. */
export function awsError(status: number, name: string, message: string): AwsAnswer {
  return { status, body: { __type: name, message } }
}
