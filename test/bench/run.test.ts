import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { BARS } from '../../bench/bars.ts'
import type { Results } from '../../bench/results.ts'
import { ROOT } from '../support/deployment.ts'

const dir = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

// One round says nothing about performance; that everything runs, and what it leaves, is what is looked at.
test('a run of one round: every exchange is answered, every ratio is there, nothing is left behind', async () => {
  const out = join(dir, 'results.json')
  const running = promisify(execFile)(
    process.execPath,
    [join(ROOT, 'bench/main.ts'), '--quick', '--n', '1', '--out', out],
    { cwd: dir },
  )
  const { pid } = running.child
  const { stdout } = await running
  const ratios = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, number | null>
  expect(Object.keys(ratios)).toEqual(Object.keys(BARS))
  for (const [name, value] of Object.entries(ratios)) {
    // Where no cgroup can be had, these two are null; nothing else may be.
    if (value !== null) expect(value, name).toEqual(expect.any(Number))
    else expect(['cold_first_ratio', 'cold_total_ratio']).toContain(name)
  }
  const results = JSON.parse(readFileSync(out, 'utf8')) as Results
  expect(results.figures['cpu 10.ours']).toMatchObject({ n: 1, median: expect.any(Number) })
  expect(results.kms_calls['dense, 1 at a time']?.value).toBeGreaterThanOrEqual(1)
  expect(existsSync(join(ROOT, 'dist/bench', String(pid)))).toBe(false)
  expect(() => process.kill(pid!, 0)).toThrow()
}, 60_000)

test('a wrong option is refused with the help', async () => {
  const running = promisify(execFile)(process.execPath, [join(ROOT, 'bench/main.ts'), '--fast'])
  await expect(running).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--quick') })
})
