import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { describe as describeArchitecture, drawArchitecture } from '../../docs/pictures/architecture.ts'
import { type Facts, readFacts } from '../../docs/pictures/facts.ts'
import { DARK, LIGHT, type Palette } from '../../docs/pictures/palette.ts'
import { ROOT } from '../support/deployment.ts'
import { event, GOOD, registration, testFunction } from '../support/function.ts'

const PICTURES = join(ROOT, 'docs/pictures')
const facts = await readFacts()
const svg = drawArchitecture(facts)

/** Everything that is written in a picture, a piece of text a line. */
const words = (picture: string): string[] =>
  [...picture.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, content]) => content!)

describe('the architecture', () => {
  test('the picture that is checked in is the one that the generator makes of this tree', () => {
    expect(
      readFileSync(join(PICTURES, 'architecture.svg'), 'utf8'),
      'out of date: npm run pictures -- architecture.svg',
    ).toBe(svg)
  })

  test('the same facts give the same bytes', async () => {
    expect(drawArchitecture(await readFacts())).toBe(svg)
  })

  test('shows what serverless.yml and infra/ say', () => {
    const lineOf = (file: string, pattern: RegExp) =>
      pattern.exec(readFileSync(join(ROOT, file), 'utf8'))?.[1] ?? `nothing like ${pattern} in ${file}`
    const shown = words(svg).join('\n')
    for (const fact of [
      lineOf('serverless.yml', /runtime: (.+)/),
      lineOf('serverless.yml', /architecture: (.+)/),
      `${lineOf('serverless.yml', /memorySize: (.+)/)} MB`,
      ...[
        // Of the signing function: it comes first.
        ...readFileSync(join(ROOT, 'serverless.yml'), 'utf8')
          .split(/^ {2}jwks:/m)[0]!
          .matchAll(/httpApi: \{ method: '\*', path: (\S+) \}/g),
      ].map(([, path]) => path!),
      lineOf('infra/key.yml', /RS256: \{ KeySpec: (\w+)/),
      lineOf('infra/key.yml', /KeyUsage: (.+)/),
      lineOf('infra/key.yml', /RS256: .* Kms: (\w+)/),
      lineOf('infra/key.yml', /kms:MessageType: (.+)/),
      `${lineOf('infra/key.yml', /Principal: \{ AWS: !GetAtt (\w+)\.Arn \}\n\s+Action: kms:Sign/)} alone may sign:`,
      lineOf('infra/role.yml', /Action: (secretsmanager:\w+)/),
      ...lineOf('infra/role.yml', /Action: \[(.+)\]/).split(', '),
    ]) {
      expect(shown).toContain(fact)
    }
  })

  test('shows the names that the function really takes, sends and gives back', async () => {
    const fn = testFunction()
    const { client_id: _, ...request } = GOOD
    const { statusCode } = await fn.handler(event(request))
    expect(statusCode).toBe(200)
    expect(facts.browserSends.toSorted()).toEqual(Object.keys(request).sort())
    expect(facts.providerGets).toEqual([...fn.sent[0]!.form.keys()])
    expect(facts.keptBack).toEqual(['refresh_token'])
    const shown = words(svg)
    for (const name of [...facts.providerGets, ...facts.browserGets, ...facts.keptBack]) {
      expect(shown).toContain(name)
    }
    expect(shown).toContain('iss sub aud iat exp jti')
  })

  test.each([
    ['lambda', { lambda: { ...facts.lambda, runtime: 'nodejs99.x' } }, 'nodejs99.x'],
    ['key', { key: { ...facts.key, algorithm: 'ECDSA_SHA_256' } }, 'ECDSA_SHA_256, RAW'],
    ['roleMay', { roleMay: ['s3:GetObject'] }, 's3:GetObject'],
    ['providerGets', { providerGets: ['made_up'] }, 'made_up'],
    ['gateway', { gateway: { routes: ['ANY /other'], answersCors: true } }, 'answers CORS itself'],
  ] satisfies [keyof Facts, Partial<Facts>, string][])(
    'other facts under %s make another picture',
    (_, changed, shown) => {
      expect(words(svg).join('\n')).not.toContain(shown)
      expect(words(drawArchitecture({ ...facts, ...changed })).join('\n')).toContain(shown)
    },
  )

  test('a name with a sign of XML in it stays text', () => {
    const changed = drawArchitecture({ ...facts, roleMay: ['<script>&"'] })
    expect(changed).toContain('&lt;script&gt;&amp;&quot;')
    expect(changed).not.toContain('<script>')
  })
})

describe('the free checks of the picture', () => {
  // A request in which everything is wrong, and what mends it, one check at a time.
  const OTHER_ORIGIN = 'https://other.example.com'
  const clients = [
    registration({ scope: 'openid' }),
    registration({ client_id: 'app-2', allowed_origins: [OTHER_ORIGIN] }),
  ]
  const request = {
    path: '/elsewhere',
    method: 'PUT',
    origin: 'https://foreign.example.com',
    type: 'text/plain',
    body: 'x'.repeat(17_000),
    form: [] as [string, string][],
  }
  const set = (name: string, value: string) => {
    request.form = [...request.form.filter(([other]) => other !== name), [name, value]]
  }
  const mend: (() => void)[] = [
    () => (request.path = '/token'),
    () => (request.origin = OTHER_ORIGIN),
    () => (request.method = 'POST'),
    () => (request.body = '["not flat"]'),
    () => (request.type = 'application/json'),
    () => {
      request.type = 'application/x-www-form-urlencoded'
      request.body = ''
      request.form = Object.entries({ client_secret: 's', client_id: 'nobody', grant_type: 'password' })
      request.form.push(
        ['code', 'c'],
        ['redirect_uri', 'https://foreign.example.com/'],
        ['scope', 'all'],
        ['x', '1'],
        ['x', '2'],
      )
    },
    () => (request.form = request.form.filter(([name]) => name !== 'client_secret')),
    () => set('x', '1'),
    () => set('client_id', GOOD.client_id),
    () => (request.origin = 'https://app.example.com'),
    () => set('grant_type', GOOD.grant_type),
    () => set('redirect_uri', GOOD.redirect_uri),
    () => set('code_verifier', GOOD.code_verifier),
    () => set('scope', 'openid'),
  ]
  const send = (fn: ReturnType<typeof testFunction>) => {
    const { path, method, origin, type, body, form } = request
    const overrides = { path, method, headers: { origin, 'content-type': type }, base64: false }
    return fn.handler(event(form, body ? { ...overrides, body } : overrides))
  }

  test('KMS-12: stand in the order in which they are made, with the status that is answered, and are free', async () => {
    const fn = testFunction(...clients)
    const seen: { reason: string | undefined; status: number }[] = []
    for (const step of mend) {
      const { statusCode } = await send(fn)
      seen.push({ reason: fn.log.at(-1)!.outcome, status: statusCode })
      step()
    }
    expect(seen).toEqual(facts.checks.map(({ reason, status }) => ({ reason, status })))
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
    // With the last one mended, nothing else stands in the way.
    expect((await send(fn)).statusCode).toBe(200)
    expect([fn.signed, fn.sent.length]).toEqual([1, 1])
  })

  test('are all in it', () => {
    for (const { label, status } of facts.checks) {
      expect(words(svg)).toContain(label)
      expect(words(svg)).toContain(String(status))
    }
  })
})

describe('for every reader', () => {
  test('the story is told in words too', () => {
    expect(svg).toMatch(/<svg [^>]*role="img" aria-labelledby="title desc"/)
    expect(svg).toContain(`<desc id="desc">${describeArchitecture(facts)}</desc>`)
    for (const step of [1, 2, 3, 4, 5, 6]) expect(describeArchitecture(facts)).toContain(`${step}. `)
  })

  test('loads nothing: no address but that of the SVG namespace, no script, no import', () => {
    expect(svg.match(/https?:[^"'\s]*/g)).toEqual(['http://www.w3.org/2000/svg'])
    expect(svg).not.toMatch(/<script|<image|<use|@import|url\(|href/)
  })

  // Shown 800 pixels wide, no letters are smaller than 11 pixels.
  test('text stays legible where the picture is shown 800 pixels wide', () => {
    const width = Number(/viewBox="0 0 (\d+) /.exec(svg)![1])
    const sizes = [...svg.matchAll(/font(?:-size)?:([\d.]+)px/g)].map(([, size]) => Number(size))
    expect(sizes.length).toBeGreaterThan(2)
    expect((Math.min(...sizes) * 800) / width).toBeGreaterThan(11)
  })

  // WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1.
  test.each([
    ['light', LIGHT],
    ['dark', DARK],
  ])('%s: every text stands out from every ground that it is written on', (_, palette) => {
    const written: [text: keyof Palette, ground: keyof Palette][] = [
      ...(['ink', 'quiet', 'flow', 'key'] as const).map((text): [keyof Palette, keyof Palette] => [
        text,
        'ground',
      ]),
      ['ink', 'surface'],
      ['quiet', 'surface'],
      ['ink', 'freeSurface'],
      ['free', 'freeSurface'],
      ['ink', 'keySurface'],
      ['quiet', 'keySurface'],
      ['key', 'keySurface'],
    ]
    for (const [text, ground] of written) {
      expect(contrast(palette[text], palette[ground]), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    }
  })
})

describe('the demo', () => {
  test('is a PNG, 1280 pixels wide, with something on it', () => {
    const png = readFileSync(join(PICTURES, 'demo.png'))
    // The signature, then the header chunk with width and height (PNG, third edition, 5.2 and 11.2.1).
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
    expect(png.readUInt32BE(16)).toBe(1280)
    expect(png.readUInt32BE(20)).toBeGreaterThan(400)
    expect(png.length).toBeGreaterThan(20_000)
    expect(png.length).toBeLessThan(500_000)
  })
})

test('a picture that there is not is refused by name', async () => {
  const running = promisify(execFile)(process.execPath, [join(ROOT, 'docs/pictures.ts'), 'other.svg'])
  await expect(running).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^There is no picture other\.svg; there are architecture\.svg, .*demo\.png\.\n$/,
    ),
  })
})

/** WCAG 2.2, contrast ratio of two colours written as #rrggbb. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) => {
    const [r, g, b] = [1, 3, 5]
      .map(at => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}
