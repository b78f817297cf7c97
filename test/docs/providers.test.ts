import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PRESETS, type Preset } from '../../lib/config/presets.ts'
import { ROOT } from '../support/deployment.ts'

// docs/providers.md says what lib/config/presets.ts says.

const page = readFileSync(join(ROOT, 'docs/providers.md'), 'utf8')
const [, section = ''] = page.split(/^## Presets$/m)
const rows = section
  .split('\n')
  .filter(line => line.startsWith('| `') && !line.startsWith('| `provider`'))
  .map(line => line.split('|').map(cell => cell.trim()))

test('each preset has its row, in the order of the table, and there are no others', () => {
  expect(rows.map(([, name]) => name)).toEqual(Object.keys(PRESETS).map(name => `\`${name}\``))
})

test.each(Object.entries(PRESETS as Record<string, Preset>))('the row of %s', (name, preset) => {
  const [, , issuer, aud, typ, algorithms, more] = rows.find(([, cell]) => cell === `\`${name}\``)!
  expect([aud, typ]).toEqual([`\`${preset.assertion.aud}\``, `\`${preset.assertion.typ}\``])
  const open = preset.confirmed_algs && `${preset.confirmed_algs.join(', ')}; others unconfirmed`
  expect(algorithms).toBe(preset.algs?.join(', ') ?? open ?? 'any')
  expect(issuer?.includes('`token_endpoint` is given')).toBe(preset.paths.token_endpoint === undefined)
  expect(more?.includes('`nbf`')).toBe(preset.assertion.nbf === true)
  expect(more?.includes('`x5t#S256` (required) and no `kid`')).toBe(preset.certificate === true)
  expect(more?.includes('PKCE always')).toBe(preset.pkce === true)
  expect(more?.includes('launch context')).toBe(preset.response_members !== undefined)
  expect(more?.includes('`aud` unconfirmed')).toBe(preset.unconfirmed_aud !== undefined)
  const fixed = preset.fixed?.map(member => `\`${member}\``).join(' and ')
  expect(more?.includes(' fixed')).toBe(fixed !== undefined)
  if (fixed) expect(more).toContain(`${fixed} fixed`)
})

test('every member that a registration passes on is named', () => {
  for (const { response_members = [] } of Object.values(PRESETS as Record<string, Preset>)) {
    for (const member of response_members) expect(page).toContain(`\`${member}\``)
  }
})
