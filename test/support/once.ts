import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'

const WAIT_MS = 50
/** A file that made it and failed leaves no result: whoever waits then says so. */
const LONGEST_MS = 50_000

/** The result of `make`, which the first test file of a run that asks for it runs, and the others wait for. As JSON. */
export async function once<T>(name: string, make: () => Promise<T>): Promise<T> {
  const folder = join(inject('sharedFolder'), name)
  const result = join(folder, 'result.json')
  // mkdir is the lock: of several processes one makes it.
  const first = await mkdir(folder).then(
    () => true,
    () => false,
  )
  if (first) {
    const made = await make()
    // Whole, or not there.
    await writeFile(`${result}.tmp`, JSON.stringify(made))
    await rename(`${result}.tmp`, result)
    return made
  }
  for (const end = Date.now() + LONGEST_MS; Date.now() < end; ) {
    const text = await readFile(result, 'utf8').catch(() => '')
    if (text !== '') return JSON.parse(text)
    await new Promise(resolve => setTimeout(resolve, WAIT_MS))
  }
  throw new Error(`nobody has made ${name}`)
}
