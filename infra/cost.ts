// What a deployment costs: of the list prices of us-east-1, in US dollars, without any free tier. As they were known in
// November 2026; those marked "unconfirmed" were not read at AWS itself. `node infra/cost.ts` prints the tables.

const MILLION = 1e6
const GB = 1e9

export const PRICES = {
  lambdaRequest: 0.2 / MILLION,
  /** arm64. */
  lambdaGbSecond: 0.0000133334,
  apiRequest: 1 / MILLION,
  /** Of a REST API, the first 333 million. */
  restRequest: 3.5 / MILLION,
  kmsKeyMonth: 1,
  signRsa2048: 0.03 / 10_000,
  /** Any other kind of key: unconfirmed. */
  signOther: 0.15 / 10_000,
  secretMonth: 0.4,
  secretRead: 0.05 / 10_000,
  logByte: 0.5 / GB,
  metricMonth: 0.3,
  /** For each number that an alarm looks at. */
  alarmMonth: 0.1,
  dashboardMonth: 3,
  /** From AWS to anywhere. */
  byteOut: 0.09 / GB,
}

/** What one exchange takes. The first two are measured (docs/performance.md), the others are sizes as they are usual. */
const EXCHANGE = {
  seconds: 0.102,
  /** Of what is signed ahead, the most that is thrown away where gaps are random. */
  signatures: 1.2,
  logBytes: 1900,
  bytesOut: 5000,
}
/** What one request under /api takes besides: the authorizer opens a cookie and writes a line. Sizes as they are usual. */
const AUTHORIZED = { seconds: 0.004, logBytes: 900 }
const MEMORY_GB = 0.5
/** A container reads the configuration once a minute while it is busy. */
const READS_A_MONTH = 60 * 24 * 30
/** The metrics of the functions that are always there, if every one of them has something to say in every hour. */
export const METRICS = 43
const PROBES_A_MONTH = 12 * 24 * 30

export interface Use {
  /** A month. */
  exchanges: number
  /** Of the signing function, busy all month. */
  containers: number
  rsa2048?: boolean
  keys?: number
  alarms: number
}

const round = (usd: number) => Math.round(usd * 100) / 100
const priceOf = (rsa2048: boolean) => (rsa2048 ? PRICES.signRsa2048 : PRICES.signOther)

/** What a month costs, by service. A line's dollars are rounded; the sum is of the rounded ones. */
export function month({
  exchanges,
  containers,
  rsa2048 = true,
  keys = 1,
  alarms,
}: Use): Record<string, number> {
  const requests = exchanges + PROBES_A_MONTH
  // The probe is a function of its own, in front of the other, and waits as long.
  const invocations = requests + PROBES_A_MONTH
  const reads = Math.min(invocations, (containers + 1) * READS_A_MONTH)
  const lines = {
    'KMS, keys': keys * PRICES.kmsKeyMonth,
    'KMS, signatures': requests * EXCHANGE.signatures * priceOf(rsa2048),
    'API Gateway': requests * PRICES.apiRequest,
    Lambda: invocations * (PRICES.lambdaRequest + EXCHANGE.seconds * MEMORY_GB * PRICES.lambdaGbSecond),
    'Secrets Manager': PRICES.secretMonth + reads * PRICES.secretRead,
    'CloudWatch, logs': requests * EXCHANGE.logBytes * PRICES.logByte,
    'CloudWatch, metrics': METRICS * PRICES.metricMonth,
    'CloudWatch, alarms': alarms * PRICES.alarmMonth,
    'CloudWatch, dashboard': PRICES.dashboardMonth,
    'Data out': exchanges * EXCHANGE.bytesOut * PRICES.byteOut,
  }
  const rounded = Object.entries(lines).map(([what, usd]) => [what, round(usd)] as const)
  const sum = round(rounded.reduce((total, [, usd]) => total + usd, 0))
  return Object.fromEntries([...rounded, ['Together', sum]])
}

/**
 * What strangers can make a deployment spend in a day, at most, by requests that look right and hold made-up codes. (As
 * far as throttling goes: API Gateway applies it as well as it can, and does not promise it.)
 *
 * @param rate requests a second on all routes that sign, as they are throttled
 */
export function worstDay(rate: number, rsa2048: boolean): { signatures: number; kms: number; all: number } {
  const requests = rate * 60 * 60 * 24
  const each =
    PRICES.apiRequest +
    PRICES.lambdaRequest +
    EXCHANGE.seconds * MEMORY_GB * PRICES.lambdaGbSecond +
    EXCHANGE.logBytes * PRICES.logByte +
    EXCHANGE.bytesOut * PRICES.byteOut
  // Where requests come densely, nothing that is signed ahead is thrown away.
  const kms = requests * priceOf(rsa2048)
  return { signatures: requests, kms: round(kms), all: round(kms + requests * each) }
}

/** What requests under /api cost, as they are counted: in the REST API, the authorizer and its log. Not what your API costs. */
export function dataPath(requests: number): Record<string, number> {
  const lines = {
    'REST API': requests * PRICES.restRequest,
    Authorizer: requests * (PRICES.lambdaRequest + AUTHORIZED.seconds * MEMORY_GB * PRICES.lambdaGbSecond),
    'Its log': requests * AUTHORIZED.logBytes * PRICES.logByte,
  }
  return Object.fromEntries(Object.entries(lines).map(([what, usd]) => [what, round(usd)]))
}

/** The two columns of docs/deploy.md. */
export const SMALL: Use = { exchanges: 10_000, containers: 1, alarms: 15 }
export const LARGE: Use = { exchanges: 10 * MILLION, containers: 5, alarms: 15 }

/** As docs/deploy.md has them. */
export function tables(): string[] {
  const small = month(SMALL)
  const large = month(LARGE)
  const few = dataPath(10_000)
  const many = dataPath(10 * MILLION)
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`
  const usd = (amount: number) => `$${amount.toFixed(2)}`
  const worst = (rsa2048: boolean, kind: string, signIns = 0) => {
    const { signatures, kms, all } = worstDay(50 + 30 + signIns, rsa2048)
    return row(kind, signatures.toLocaleString('en'), usd(kms), usd(all))
  }
  return [
    ...Object.keys(small).map(what => row(what, usd(small[what]!), usd(large[what]!))),
    worst(true, 'RSA 2048'),
    worst(false, 'any other'),
    worst(true, 'RSA 2048, cookie deliveries', 50),
    worst(false, 'any other, cookie deliveries', 50),
    ...Object.keys(few).map(what => row(what, usd(few[what]!), usd(many[what]!))),
  ]
}

// As a command. (`import.meta.main` is not there before Node 24.)
if (process.argv[1] === import.meta.filename) console.log(tables().join('\n'))
