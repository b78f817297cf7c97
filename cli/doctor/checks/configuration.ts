import type { Examination } from '../examine.ts'
import { configuration, secretVersion } from '../judge/configuration.ts'

export const CONFIGURATION: readonly Examination[] = [
  {
    id: 'config',
    rests: [],
    asks: 'reading the configuration',
    once: scene => configuration(scene.configuration),
  },
  {
    id: 'secret-version',
    rests: [],
    asks: 'reading the configuration',
    once: scene => secretVersion(scene.versions),
  },
]
