import { afterAll, expect, test } from 'vitest'
import { guardedAgents } from '../../../lib/http/agents.ts'
import { sendOnce } from '../../../lib/http/send.ts'
import { closeProviders, rejection, startRaw } from '../../support/fake-provider.ts'

afterAll(closeProviders)

test('REQ-6: what has no time left ends, and no warning of Node’s stands in the log', async () => {
  const warnings: string[] = []
  const note = ({ name }: Error) => warnings.push(name)
  process.on('warning', note)
  try {
    const server = await startRaw(() => {})
    // Seen where a connection failed at the very end of the time, and was to be opened once more.
    const sent = sendOnce(
      { method: 'GET', url: new URL(server.url), headers: {} },
      guardedAgents(),
      performance.now() - 1_000,
    )
    expect(await rejection(sent)).toHaveProperty('reason')
    expect(warnings).toEqual([])
  } finally {
    process.off('warning', note)
  }
})
