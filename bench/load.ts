import http from 'node:http'
import https from 'node:https'
import { answerQuestions } from './answering.ts'

// The load generator: a closed loop. Each connection sends its next request when it has read the answer to its last one.

export interface Load {
  url: string
  headers: Record<string, string>
  body: string
  connections: number
  /** Requests in all. */
  count: number
}

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
}

function send({ url, headers, body }: Load): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = new URL(url)
    const protocol = target.protocol as keyof typeof agents
    const { request } = protocol === 'https:' ? https : http
    request(target, { method: 'POST', agent: agents[protocol], headers }, response => {
      response.on('error', reject)
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.resume()
    })
      .on('error', reject)
      .end(body)
  })
}

/** Milliseconds of each request. Rejects where one was not answered by 200: it would not be an exchange. */
async function run(load: Load): Promise<number[]> {
  const times: number[] = []
  let left = load.count
  const connection = async () => {
    while (left-- > 0) {
      const started = performance.now()
      const status = await send(load)
      times.push(performance.now() - started)
      if (status !== 200) throw new Error(`${load.url} answered ${status}`)
    }
  }
  await Promise.all(Array.from({ length: load.connections }, connection))
  return times
}

answerQuestions(null, { run })
