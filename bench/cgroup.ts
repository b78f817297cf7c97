import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// A part of a processor, as Lambda gives it: a cgroup with a quota, version 1 or 2.

/** What a function with 512 MB has: Lambda gives a whole vCPU at 1,769 MB. */
export const LAMBDA_SHARE = 0.29
/** Of Lambda's own scheduler. At the kernel's default of 100 ms a short burst would never meet its limit. */
const PERIOD_US = 20_000
const PREFIX = 'countersign-bench-'

/** A place where cgroups for processor time can be made. */
interface Hierarchy {
  dir: string
  limit(group: string, quota: number): void
}

export interface Throttle {
  newGroup(): Group
}

/** One process's own. */
export interface Group {
  /** The command that runs `command` in the group from its first instruction on. */
  wrap(command: readonly string[]): string[]
  /** Once the process has ended. */
  remove(): void
}

function hierarchy(): Hierarchy | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
  const first = mounts.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu'))
  if (first?.[1]) {
    return {
      dir: first[1],
      limit(group, quota) {
        writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US))
        writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quota))
      },
    }
  }
  const second = mounts.find(([, , type]) => type === 'cgroup2')?.[1]
  if (!second) return undefined
  return {
    dir: second,
    limit(group, quota) {
      if (!existsSync(join(group, 'cpu.max'))) writeFileSync(join(second, 'cgroup.subtree_control'), '+cpu')
      writeFileSync(join(group, 'cpu.max'), `${quota} ${PERIOD_US}`)
    },
  }
}

/** Makes groups of `share` of a processor, or says why there can be none. */
export function createThrottle(share = LAMBDA_SHARE): Throttle | { unavailable: string } {
  try {
    const place = hierarchy()
    if (!place) return { unavailable: 'no hierarchy of cgroups for processor time is mounted' }
    let last = 0
    const make = (): string => {
      const group = join(place.dir, `${PREFIX}${process.pid}-${++last}`)
      mkdirSync(group)
      groups.add(group)
      place.limit(group, Math.round(share * PERIOD_US))
      return group
    }
    remove(make())
    return {
      newGroup() {
        const group = make()
        return {
          wrap: command => [
            '/bin/sh',
            '-c',
            'echo $$ > "$0" && exec "$@"',
            join(group, 'cgroup.procs'),
            ...command,
          ],
          remove: () => remove(group),
        }
      },
    }
  } catch (error) {
    return { unavailable: (error as Error).message }
  }
}

const groups = new Set<string>()

function remove(group: string): void {
  try {
    rmdirSync(group)
    groups.delete(group)
  } catch {
    // Its process has not quite ended: it goes at the end of the run.
  }
}

/** Removes every group of this run; waits a moment for processes that have just been killed. For the end of the run. */
export function sweepGroups(): void {
  for (const end = Date.now() + 1_000; groups.size > 0 && Date.now() < end; ) {
    for (const group of groups) remove(group)
    if (groups.size > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
}
