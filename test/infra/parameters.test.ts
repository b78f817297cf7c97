import { readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { copyService, packageIn, readJson, run } from '../package/service.ts'

const ROOT = join(import.meta.dirname, '../..')
const { Parameters } = parse(readFileSync(join(ROOT, 'infra/parameters.yml'), 'utf8')) as {
  Parameters: Record<string, { Default: string | number; Description: string; AllowedPattern?: string }>
}

let service: Awaited<ReturnType<typeof copyService>>
beforeAll(async () => {
  service = await copyService()
})
afterAll(() => service.remove())

/** What a deployment would send along with the template. */
async function sent(...options: string[]): Promise<unknown> {
  await packageIn(service.dir, options)
  const { service: state } = await readJson(service.dir, '.serverless/serverless-state.json')
  return state.provider.stackParameters
}
const param = (...given: string[]) => given.flatMap(one => ['--param', one])
async function refused(...given: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(service.dir, ['npx', 'osls', 'package', ...param(...given)])
  expect(code).toBe(1)
  return stdout + stderr
}

const handOn = createRequire(import.meta.url)('../../infra/stack-parameters.cjs') as (
  tools: object,
) => Promise<unknown>
/** What the framework is given, without a packaging around it. */
function handedOn(...given: string[]): Promise<unknown> {
  const values = new Map(given.map(one => one.split('=') as [string, string]))
  return handOn({
    options: { param: given },
    resolveConfigurationProperty: async () => undefined,
    async resolveVariable(name: string) {
      if (name === 'sls:stage') return 'dev'
      return name.startsWith('param:') ? values.get(name.slice('param:'.length)) : Parameters
    },
  })
}

describe('a parameter', () => {
  test('is sent if it is given, and no other is', async () => {
    expect(await sent()).toEqual([])
    expect(await sent(...param('AlarmEmail=ops@example.com', 'AlsoMaySign=arn:a,arn:b'))).toEqual([
      { ParameterKey: 'AlarmEmail', ParameterValue: 'ops@example.com' },
      { ParameterKey: 'AlsoMaySign', ParameterValue: 'arn:a,arn:b' },
    ])
  })

  test('is declared by the first of the two templates that the framework deploys as well', async () => {
    await packageIn(service.dir)
    const { service: state } = await readJson(service.dir, '.serverless/serverless-state.json')
    const { Parameters: first, Resources } = state.provider.coreCloudFormationTemplate
    expect(Object.keys(Resources)).not.toContain('SigningKey')
    // CloudFormation refuses a parameter that a template does not declare.
    expect(Object.keys(first)).toEqual(Object.keys(Parameters))
  })

  test('that does not exist is refused by its name, and told what there is', async () => {
    const message = await refused('AlarmMail=ops@example.com')
    expect(message).toContain('no such parameter: AlarmMail')
    expect(message).toContain('AlarmEmail')
  })

  test.each([
    [['DomainName=login.example.com'], 'DomainName needs CertificateArn'],
    [['CloudFront=true'], 'CloudFront needs WebAclArn'],
    [['VpcSubnetIds=subnet-1'], 'VpcSubnetIds needs VpcSecurityGroupIds'],
    [['EndpointVpcId=vpc-1'], 'EndpointVpcId needs VpcSubnetIds'],
    [['LeaseTable=true'], 'LeaseTable needs CookieDeliveries'],
    [
      ['CookieDeliveries=true', 'ApiUrl=https://orders.example.com'],
      'ApiUrl needs AppOrigin, ApiUrl needs DomainName',
    ],
    [['AppOrigin=https://app.example.com'], 'AppOrigin needs ApiUrl'],
  ])('%j is refused without what it needs', async (given, message) => {
    await expect(handedOn(...given)).rejects.toThrow(message)
  })

  test.each([
    ['RequestRate=abc'],
    ['MultiRegionKey=yes'],
    ['LogRetentionDays=31'],
    ['SigningAlgorithm=none'],
  ])('%s is refused here, and not by CloudFormation minutes later', async given => {
    await expect(handedOn(given)).rejects.toThrow(`not a value of ${given.split('=')[0]}`)
  })

  test.each([
    ['ApiUrl', 'https://orders.example.com', true],
    ['ApiUrl', 'https://orders.example.com:8443/v1/x', true],
    ['ApiUrl', 'http://orders.example.com', false],
    ['ApiUrl', 'https://orders.example.com/', false],
    ['ApiUrl', 'https://orders.example.com/{tenant}', false],
    ['ApiUrl', 'https://user@orders.example.com', false],
    ['ApiUrl', 'https://orders.example.com?x=1', false],
    ['AppOrigin', 'https://app.example.com', true],
    ['AppOrigin', 'https://app.example.com/', false],
    ['AppOrigin', 'https://App.example.com', false],
    ['AppOrigin', "https://app.example.com'", false],
    ['AppOrigin', '*', false],
  ])('%s=%s is taken: %s', (name, value, taken) => {
    expect(new RegExp(Parameters[name]!.AllowedPattern!).test(value)).toBe(taken)
  })

  test('ABUSE-2: a rate that could use up more than half of the KMS quota is refused', async () => {
    expect(await refused('RequestRate=121')).toContain('more than 50 % of the 300')
    expect(await handedOn('RequestRate=120')).toEqual([
      { ParameterKey: 'RequestRate', ParameterValue: '120' },
    ])
    // Sign-ins that begin here sign as well.
    await expect(handedOn('RequestRate=71', 'CookieDeliveries=true')).rejects.toThrow(
      'and 80 on the other routes',
    )
    expect(await handedOn('RequestRate=70', 'CookieDeliveries=true')).toHaveLength(2)
    await expect(handedOn('RequestRate=400', 'SignQuota=800')).rejects.toThrow('more than 50 % of the 800')
  })

  // Last, because it writes into the copy.
  test('may stand in serverless.yml, by stage; the command line goes before', async () => {
    const params = `
params:
  default:
    LogRetentionDays: 90
  prod:
    AlarmEmail: ops@example.com
    AlsoMaySign: [arn:a, arn:b]
`
    await appendFile(join(service.dir, 'serverless.yml'), params)
    expect(await sent()).toEqual([{ ParameterKey: 'LogRetentionDays', ParameterValue: '90' }])
    expect(await sent('--stage', 'prod', ...param('AlarmEmail=me@example.com'))).toEqual([
      { ParameterKey: 'AlarmEmail', ParameterValue: 'me@example.com' },
      { ParameterKey: 'AlsoMaySign', ParameterValue: 'arn:a,arn:b' },
      { ParameterKey: 'LogRetentionDays', ParameterValue: '90' },
    ])
  })
})

describe('the page on deployment', () => {
  const page = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z]\w+)` \| (.*?) \| (.*?) \|$/gm)].map(
    ([, name, value, text]) => ({
      name: name!,
      value: value!.replaceAll('`', ''),
      text: text!,
    }),
  )

  test('has every parameter, with its default, in the order of infra/parameters.yml', () => {
    expect(rows.map(({ name, value }) => [name, value])).toEqual(
      Object.entries(Parameters).map(([name, { Default }]) => [name, String(Default)]),
    )
  })

  test('says of each at least what the template says', () => {
    for (const { name, text } of rows) expect(text).toContain(Parameters[name]!.Description)
  })
})
