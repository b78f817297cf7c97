import type { Facts } from './facts.ts'
import { STYLE } from './palette.ts'
import { arrow, type Box, box, escapeXml, keySymbol, lines, step, text } from './svg.ts'

const WIDTH = 960
const HEIGHT = 852

// Where the parts stand. Arrows take their ends from here, so that a part that moves takes them along.
const APP: Box = { x: 24, y: 24, width: 310, height: 100 }
const PROVIDER: Box = { x: 600, y: 24, width: 336, height: 100 }
const ACCOUNT: Box = { x: 24, y: 318, width: 912, height: 510 }
const GATEWAY: Box = { x: 40, y: 362, width: 210, height: 158 }
const LAMBDA: Box = { x: 292, y: 362, width: 628, height: 262 }
const CHECKS: Box = { x: 304, y: 402, width: 338, height: 210 }
const ONCE: Box = { x: 652, y: 402, width: 256, height: 210 }
const SECRET: Box = { x: 40, y: 700, width: 344, height: 112 }
const KEY: Box = { x: 408, y: 700, width: 512, height: 112 }

const right = ({ x, width }: Box) => x + width
const bottom = ({ y, height }: Box) => y + height

/** The architecture and one exchange through it, as SVG text. The same facts give the same bytes. */
export function drawArchitecture(facts: Facts): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title desc">
<title id="title">Countersign: how an app without a key authenticates with one</title>
<desc id="desc">${escapeXml(describe(facts))}</desc>
<style>
${STYLE}
</style>
${box({ x: 1, y: 1, width: WIDTH - 2, height: HEIGHT - 2 }, 'ground')}
${[signIn(), account(), gateway(facts), lambda(facts), key(facts), secret(facts), request(facts), exchange(facts)].join('\n')}
</svg>
`
}

/** The picture in words, for those who hear it. */
export function describe({ browserSends, providerGets, lambda, key, gateway, keptBack }: Facts): string {
  const added = providerGets.filter(name => !browserSends.includes(name))
  return [
    `1. The app in the browser posts ${list(browserSends)} through API Gateway (${list(gateway.routes)}) to the Lambda function ${lambda.name}.`,
    'The function makes every check that is free; a refusal ends here and costs nothing.',
    `2. It asks AWS KMS to sign a client assertion (Sign, ${key.messageType}, ${key.algorithm}); the private key is only there, and only ${key.signer} may use it.`,
    '3. KMS returns the signature.',
    `4. The function sends the same parameters with ${list(added)} to the token endpoint of the identity provider, once.`,
    '5. The provider answers with tokens.',
    `6. The browser gets them under its own CORS rules, without ${list(keptBack)}.`,
    'The clients and their origins are read from Secrets Manager.',
  ].join(' ')
}

const list = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : names.join()

function signIn(): string {
  const middle = (right(APP) + PROVIDER.x) / 2
  return [
    box(APP, 'part'),
    text([APP.x + 18, 56], 'Your app, in the browser', 'title'),
    text([APP.x + 18, 82], 'holds no key and no secret;', 'quiet'),
    text([APP.x + 18, 103], 'any OAuth library, unmodified', 'quiet'),
    box(PROVIDER, 'part'),
    text([PROVIDER.x + 18, 56], 'Your identity provider', 'title'),
    text([PROVIDER.x + 18, 82], 'knows the public key; its token endpoint', 'quiet'),
    text([PROVIDER.x + 18, 103], 'sees a confidential client', 'quiet'),
    text([middle, 52], 'the user signs in, as ever', 'quiet middle'),
    arrow([right(APP), 65], [PROVIDER.x, 65], 'side'),
    arrow([PROVIDER.x, 91], [right(APP), 91], 'side'),
    text([middle, 111], 'code', 'mono quiet middle'),
  ].join('\n')
}

function account(): string {
  return `${box(ACCOUNT, 'account')}\n${text([LAMBDA.x, ACCOUNT.y + 28], 'Your AWS account', 'title quiet')}`
}

function gateway({ gateway: { routes, answersCors } }: Facts): string {
  const { x, y } = GATEWAY
  return [
    box(GATEWAY, 'part'),
    text([x + 18, y + 30], 'API Gateway', 'title'),
    // Any method: that is what ANY says, and there is no room for it.
    lines(
      [x + 18, y + 56],
      routes.map(route => route.replace(/^ANY /, '')),
      'mono',
    ),
    text(
      [x + 18, bottom(GATEWAY) - 18],
      answersCors ? 'answers CORS itself' : 'leaves CORS to Lambda',
      'quiet',
    ),
    arrow([right(GATEWAY), y + 38], [LAMBDA.x, y + 38], 'flow'),
    arrow([LAMBDA.x, y + 68], [right(GATEWAY), y + 68], 'flow'),
    text([x, bottom(GATEWAY) + 34], 'The order is the point:', 'strong'),
    lines(
      [x, bottom(GATEWAY) + 57],
      ['what is refused in the checks', 'has cost no signature and', 'sent the provider nothing.'],
      'quiet',
      21,
    ),
  ].join('\n')
}

function lambda({ lambda, roleMay, checks, assertion }: Facts): string {
  const half = Math.ceil(checks.length / 2)
  const rows = checks.map(({ status, label }, i) => {
    const x = CHECKS.x + 14 + (i < half ? 0 : 156)
    const y = CHECKS.y + 58 + (i % half) * 22
    return `${text([x, y], String(status), 'mono free')}${text([x + 34, y], label)}`
  })
  const x = ONCE.x + 12
  return [
    box(LAMBDA, 'part'),
    text([LAMBDA.x + 16, LAMBDA.y + 28], `Lambda: ${lambda.name}`, 'title'),
    text(
      [right(LAMBDA) - 16, LAMBDA.y + 28],
      `${lambda.runtime} · ${lambda.architecture} · ${lambda.memoryMb} MB`,
      'mono quiet end',
    ),
    box(CHECKS, 'free-panel'),
    text([CHECKS.x + 14, CHECKS.y + 28], 'First, what is free to refuse', 'strong free'),
    ...rows,
    box(ONCE, 'panel'),
    text([x, ONCE.y + 28], 'Then, one client assertion', 'strong'),
    text([x, ONCE.y + 52], assertion.claims.join(' '), 'mono'),
    text([x, ONCE.y + 74], `${assertion.lifetimeS} s, for the ${assertion.aud} alone`, 'quiet'),
    text([x, ONCE.y + 112], `${lambda.role} itself may only`, 'strong'),
    lines([x, ONCE.y + 136], roleMay, 'mono', 21),
  ].join('\n')
}

function key({ key }: Facts): string {
  const { x, y } = KEY
  const down = x + 276
  const up = x + 468
  return [
    arrow([down, bottom(LAMBDA)], [down, y], 'key'),
    step([down, bottom(LAMBDA) + 30], 2, 'key'),
    text([down + 20, bottom(LAMBDA) + 29], 'Sign', 'strong key'),
    text([down + 20, bottom(LAMBDA) + 50], key.messageType, 'mono key'),
    arrow([up, y], [up, bottom(LAMBDA)], 'key'),
    step([up, bottom(LAMBDA) + 40], 3, 'key'),
    text([up - 20, bottom(LAMBDA) + 45], 'signature', 'strong key end'),
    box(KEY, 'key-part'),
    keySymbol([x + 18, y + 17]),
    text([x + 74, y + 34], 'AWS KMS', 'title'),
    text([x + 180, y + 34], 'the private key is here, and only here', 'strong key'),
    text([x + 18, y + 64], `${key.spec} · ${key.usage}`, 'mono'),
    text([x + 18, y + 92], `${key.signer} alone may sign:`, 'quiet'),
    text([right(KEY) - 18, y + 92], `${key.algorithm}, ${key.messageType}`, 'mono end'),
  ].join('\n')
}

function secret({ configurationFreshS }: Facts): string {
  const { x, y } = SECRET
  const at = SECRET.x + 300
  return [
    arrow([at, y], [at, bottom(LAMBDA)], 'side'),
    text([at - 14, bottom(LAMBDA) + 45], `read anew after ${configurationFreshS} s`, 'quiet end'),
    box(SECRET, 'part'),
    text([x + 18, y + 34], 'Secrets Manager', 'title'),
    text([x + 18, y + 64], 'which clients there are: their', 'quiet'),
    text([x + 18, y + 85], 'origins, redirect URIs, key ARNs', 'quiet'),
  ].join('\n')
}

/** Between the app and the gateway. */
function request({ browserSends, browserGets, keptBack }: Facts): string {
  const [top, end] = [bottom(APP), GATEWAY.y]
  const [down, up] = [APP.x + 34, APP.x + 210]
  return [
    arrow([down, top], [down, end], 'flow'),
    step([down, top + 28], 1, 'flow'),
    text([down + 22, top + 33], 'POST /token', 'strong flow'),
    lines([down + 22, top + 56], browserSends, 'mono'),
    arrow([up, end], [up, top], 'flow'),
    step([up, top + 28], 6, 'flow'),
    text([up + 22, top + 33], 'tokens, under CORS', 'strong flow'),
    lines([up + 22, top + 56], browserGets, 'mono'),
    lines([up + 22, top + 56 + browserGets.length * 19], keptBack, 'mono quiet struck'),
  ].join('\n')
}

/** Between the function and the provider. */
function exchange({ browserSends, providerGets }: Facts): string {
  const [top, end] = [bottom(PROVIDER), LAMBDA.y]
  const [up, down] = [PROVIDER.x + 28, PROVIDER.x + 300]
  const added = providerGets.filter(name => !browserSends.includes(name))
  const passedOn = providerGets.filter(name => browserSends.includes(name))
  return [
    arrow([up, end], [up, top], 'flow'),
    step([up, top + 28], 4, 'flow'),
    text([up + 22, top + 33], 'POST, sent once', 'strong flow'),
    lines([up + 22, top + 56], passedOn, 'mono quiet'),
    lines([up + 22, top + 56 + passedOn.length * 19], added, 'mono strong key'),
    arrow([down, top], [down, end], 'flow'),
    step([down, top + 28], 5, 'flow'),
    text([down - 20, top + 33], 'tokens', 'strong flow end'),
  ].join('\n')
}
