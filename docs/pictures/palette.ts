/** Colours by what they mean. The picture brings its own ground, so that it stands on any page. */
export interface Palette {
  ground: string
  edge: string
  /** Of a box. */
  surface: string
  ink: string
  quiet: string
  /** The tokens' way, there and back. */
  flow: string
  /** What costs nothing. */
  free: string
  freeSurface: string
  /** What the private key does. */
  key: string
  keySurface: string
}

export const LIGHT: Palette = {
  ground: '#fdfdfb',
  edge: '#c9ced8',
  surface: '#f1f3f8',
  ink: '#182033',
  quiet: '#515c72',
  flow: '#2f4ed0',
  free: '#0b6b52',
  freeSurface: '#e2f4ec',
  key: '#8a4b00',
  keySurface: '#fdf0d8',
}

export const DARK: Palette = {
  ground: '#11151f',
  edge: '#3a4358',
  surface: '#1b2130',
  ink: '#e8ecf5',
  quiet: '#a5afc4',
  flow: '#8fa8ff',
  free: '#62d3ab',
  freeSurface: '#12302a',
  key: '#f5b858',
  keySurface: '#362812',
}

const variables = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';')

// Fonts of the reader's own: an image may load none. The widths allow for the widest of them.
const SANS = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
const MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace"

/** A media query inside an image follows the reader's system. */
export const STYLE = `
svg{${variables(LIGHT)}}
@media(prefers-color-scheme:dark){svg{${variables(DARK)}}}
text{font:14px/1 ${SANS};fill:var(--ink)}
.title{font-size:16.5px;font-weight:600}
.strong{font-weight:600}
.mono{font:13.5px/1 ${MONO}}
.quiet{fill:var(--quiet)}
.middle{text-anchor:middle}
.end{text-anchor:end}
.struck{text-decoration:line-through}
rect{stroke-width:1.5}
.ground{fill:var(--ground);stroke:var(--edge)}
.account{fill:none;stroke:var(--edge);stroke-dasharray:6 5}
.part{fill:var(--surface);stroke:var(--edge)}
.panel{fill:var(--ground);stroke:none}
.free-panel{fill:var(--freeSurface);stroke:none}
.key-part{fill:var(--keySurface);stroke:var(--key)}
.shaft{fill:none;stroke-width:2.25}
.flow .shaft{stroke:var(--flow)}.flow .head,.flow .disc,text.flow{fill:var(--flow)}
.key .shaft{stroke:var(--key)}.key .head,.key .disc,text.key{fill:var(--key)}
.side .shaft{stroke:var(--quiet);stroke-dasharray:3 4}.side .head{fill:var(--quiet)}
text.free{fill:var(--free)}
.number{font-size:14px;font-weight:700;fill:var(--ground)}
.bow{fill:none;stroke:var(--key);stroke-width:3.5;stroke-linecap:round}
`.trim()
