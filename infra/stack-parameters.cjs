// The CloudFormation parameters of a deployment, of those that infra/parameters.yml declares: what was given by `--param`
// or under `params:` of serverless.yml, and nothing else. A parameter that is not given has its default.

/** What every other route on which strangers can have something signed takes a second, in infra/gateway.yml. */
const OTHER_ROUTES = 30
/** The same of those that sign in cookie deliveries alone. */
const SIGN_IN_ROUTES = 50
/** The share of the account's quota that strangers can use up here, at most: others sign in this account too. */
const SHARE = 0.5

/** What is of no use without the rest. */
const NEEDS = {
  DomainName: ['CertificateArn'],
  CloudFront: ['DomainName', 'OriginName', 'EdgeCertificateArn', 'WebAclArn'],
  VpcSubnetIds: ['VpcSecurityGroupIds'],
  EndpointVpcId: ['VpcSubnetIds'],
  HostedZoneId: ['DomainName'],
  SessionSecretArn: ['CookieDeliveries'],
  LeaseTable: ['CookieDeliveries'],
  // Without a name of their own the two APIs have no host in common, and so no cookie.
  ApiUrl: ['CookieDeliveries', 'AppOrigin', 'DomainName'],
  AppOrigin: ['ApiUrl'],
  ForwardClientAddress: ['ApiUrl'],
  ApiLogs: ['ApiUrl'],
}

/** The names that were given, by the command line or for this stage. */
async function givenNames({ options, resolveConfigurationProperty, resolveVariable }) {
  const stage = await resolveVariable('sls:stage')
  const byStage = (await resolveConfigurationProperty(['params'])) ?? {}
  const onLine = [options.param ?? []].flat().map(pair => pair.split('=')[0])
  return new Set([...Object.keys(byStage.default ?? {}), ...Object.keys(byStage[stage] ?? {}), ...onLine])
}

module.exports = async tools => {
  const declared = await tools.resolveVariable('file(infra/parameters.yml):Parameters')
  const names = [...(await givenNames(tools))]
  const unknown = names.filter(name => !Object.hasOwn(declared, name))
  if (unknown.length > 0) {
    throw new Error(`no such parameter: ${unknown.join(', ')}. There are ${Object.keys(declared).join(', ')}`)
  }
  const values = await Promise.all(names.map(name => tools.resolveVariable(`param:${name}`)))
  // A list may be written as one, as `params:` is YAML.
  const given = Object.fromEntries(names.map((name, i) => [name, [values[i]].flat().join(',')]))

  const wrong = names.filter(name => {
    const { Type, AllowedValues } = declared[name]
    const number = Type === 'Number' && !/^\d+$/.test(given[name])
    return number || (AllowedValues && !AllowedValues.some(one => String(one) === given[name]))
  })
  if (wrong.length > 0) {
    const what = wrong.map(
      name => `${name} (${declared[name].AllowedValues?.join(', ') ?? 'a whole number'})`,
    )
    throw new Error(`not a value of ${what.join(', ')}`)
  }

  const isOn = name => !['', 'false', undefined].includes(given[name])
  const missing = Object.entries(NEEDS).flatMap(([name, others]) =>
    isOn(name) ? others.filter(other => !isOn(other)).map(other => `${name} needs ${other}`) : [],
  )
  if (missing.length > 0) throw new Error(missing.join(', '))

  const number = name => Number(given[name] ?? declared[name].Default)
  const others = OTHER_ROUTES + (isOn('CookieDeliveries') ? SIGN_IN_ROUTES : 0)
  const signing = number('RequestRate') + others
  if (signing > SHARE * number('SignQuota')) {
    throw new Error(
      `${signing} requests a second (RequestRate, and ${others} on the other routes) could cost as many ` +
        `signatures: more than ${SHARE * 100} % of the ${number('SignQuota')} that SignQuota says KMS takes. Other ` +
        'users of the account would be throttled. Look up the quota, have it raised, and say so in SignQuota.',
    )
  }
  return names.sort().map(name => ({ ParameterKey: name, ParameterValue: given[name] }))
}
