import { existsSync } from 'node:fs'

// The project ships no Chromium: it takes the system's.

/** Debian's place first. `CHROMIUM` names another one, and then that one alone. */
export const CHROMIUM_PLACES = process.env.CHROMIUM
  ? [process.env.CHROMIUM]
  : ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Undefined where there is none. */
export const CHROMIUM = CHROMIUM_PLACES.find(path => existsSync(path))
