import {
  ASSERTION_LIFETIME_MAX_S,
  CONFIG_FRESH_MS,
  CONFIG_READ_MS,
  CONFIG_WAIT_MS,
} from '../../lib/limits.ts'

/**
 * How long a key is published before it signs, so that every provider has read it by then (requirement ROT-2). How long
 * a provider keeps a key set is seldom documented; a day is longer than any that is.
 */
export const PUBLISH_WAIT_S = 24 * 3_600

/** How long it stays published after it has signed its last (requirement ROT-3): the same caches, and assertions under way. */
export const RETIRE_WAIT_S = 24 * 3_600

/**
 * Shorter than this a busy function may still sign by the old key: it takes up a new document within this time. Nothing
 * helps against that but to wait, so it is the least that a rotation waits.
 */
export const RETIRE_LEAST_S = Math.ceil((CONFIG_FRESH_MS + CONFIG_READ_MS) / 1000) + 2

/**
 * And shorter than this a function that was idle may: it answers its first request by the document that it has, up to
 * this age. Then the assertion is on its way for as long as it lives.
 */
export const RETIRE_SAFE_S = CONFIG_WAIT_MS / 1000 + ASSERTION_LIFETIME_MAX_S
