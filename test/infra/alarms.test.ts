import { beforeAll, describe, expect, test } from 'vitest'
import { LARGE, METRICS, SMALL } from '../../infra/cost.ts'
import { EVERYTHING, KNOWN, ofType, packaged, type Resource } from './packaged.ts'

let service: Awaited<ReturnType<typeof packaged>>
let alarms: Record<string, Resource>
let widgets: { properties: { title: string; metrics: (string | object)[][] } }[]

beforeAll(async () => {
  service = await packaged()
  const { resources } = service.standing()
  alarms = Object.fromEntries(ofType(resources, 'AWS::CloudWatch::Alarm'))
  widgets = JSON.parse(resources.CloudWatchDashboard!.Properties.DashboardBody).widgets
})

/** What the functions write, by function. */
const REQUESTS = [
  ...['requests', 'tokens', 'refused', 'failed', 'invalid_client', 'signer_error', 'signer_unavailable'],
  ...['origin_refused', 'configuration_error', 'provider_error', 'id_token_invalid', 'refresh_not_rotated'],
  ...[
    'refresh_withheld',
    'revocation_failed',
    'lease_failed',
    'without_pkce',
    'kms_ms',
    'provider_ms',
    'total_ms',
  ],
]
const WRITTEN: Record<string, string[]> = {
  [KNOWN.OauthLambdaFunction!]: REQUESTS,
  [KNOWN.JwksLambdaFunction!]: REQUESTS,
  [KNOWN.ProbeLambdaFunction!]: [
    'probe_ok',
    'probe_failed',
    'total_ms',
    'key_age_days',
    'configuration_error',
  ],
}

interface Metric {
  Namespace: string
  MetricName: string
  Dimensions: { Name: string; Value: string }[]
}
/** Every metric that an alarm looks at, by itself or in an expression. */
const metricsOf = ({ Properties }: Resource): Metric[] =>
  Properties.Metrics === undefined
    ? [Properties]
    : Properties.Metrics.flatMap((one: { MetricStat?: { Metric: Metric } }) => one.MetricStat?.Metric ?? [])

describe('alarms', () => {
  test.each([
    ['InvalidClientAlarm', 'invalid_client'],
    ['SignerErrorAlarm', 'signer_error'],
    ['SignerUnavailableAlarm', 'signer_unavailable'],
    ['IdTokenInvalidAlarm', 'id_token_invalid'],
    ['RefreshNotRotatedAlarm', 'refresh_not_rotated'],
    ['OriginRefusedAlarm', 'origin_refused'],
    ['LatencyAlarm', 'total_ms'],
    ['ConfigurationErrorAlarm', 'configuration_error'],
    ['SignQuotaAlarm', 'kms_ms'],
    ['FailedAlarm', '5xx'],
    ['KeyAgeAlarm', 'key_age_days'],
    ['ProbeAlarm', 'probe_ok'],
    ['ProbeAlarm', 'probe_failed'],
  ])('%s looks at %s', (name, metric) => {
    expect(metricsOf(alarms[name]!).map(({ MetricName }) => MetricName)).toContain(metric)
  })

  test('are those and no others, and say what is wrong to the topic', () => {
    expect(Object.keys(alarms)).toHaveLength(12)
    for (const { Properties } of Object.values(alarms)) {
      expect(Properties.AlarmActions).toEqual([KNOWN.AlarmTopic])
      expect(Properties.AlarmDescription.length).toBeGreaterThan(15)
    }
  })

  test('look at metrics that a function writes, under its name alone', () => {
    const looked = Object.values(alarms).flatMap(metricsOf)
    for (const { Namespace, MetricName, Dimensions } of looked) {
      if (Namespace === 'AWS/ApiGateway') {
        expect(Dimensions).toEqual([{ Name: 'ApiId', Value: KNOWN.HttpApi }])
        continue
      }
      expect(Namespace).toBe('Countersign')
      expect(Dimensions).toEqual([{ Name: 'function_name', Value: expect.any(String) }])
      expect(WRITTEN[Dimensions[0]!.Value]).toContain(MetricName)
    }
  })

  test('with an API behind the session delivery: three more, and the authorizer is counted with the others', () => {
    const all = Object.fromEntries(ofType(service.standing(EVERYTHING).resources, 'AWS::CloudWatch::Alarm'))
    expect(Object.keys(all).filter(name => !(name in alarms))).toEqual([
      'RevocationFailedAlarm',
      'LeaseFailedAlarm',
      'ApiFailedAlarm',
    ])
    expect(metricsOf(all.ApiFailedAlarm!)).toMatchObject([
      {
        Namespace: 'AWS/ApiGateway',
        MetricName: '5XXError',
        Dimensions: [{ Name: 'ApiName', Value: 'countersign-dev-session-api' }],
      },
    ])
    // The name that the metric is kept by.
    expect(service.standing(EVERYTHING).resources.SessionApi!.Properties.Name).toBe(
      'countersign-dev-session-api',
    )
    const { ConfigurationErrorAlarm } = all
    const [{ Expression }] = ConfigurationErrorAlarm!.Properties.Metrics
    const functions = metricsOf(ConfigurationErrorAlarm!).map(({ Dimensions }) => Dimensions[0]!.Value)
    expect(functions).toContain(KNOWN.AuthorizerLambdaFunction)
    expect(Expression.match(/FILL/g)).toHaveLength(functions.length)
  })

  test('ROT-6: one is raised by a key that is too old, and by the first refusal of a new one', () => {
    const age = (given: Record<string, string>) => service.standing(given).resources.KeyAgeAlarm!.Properties
    expect(age({})).toMatchObject({
      Statistic: 'Maximum',
      Threshold: '90',
      ComparisonOperator: 'GreaterThanThreshold',
    })
    expect(age({ KeyAgeMaxDays: '30' }).Threshold).toBe('30')
    expect(alarms.InvalidClientAlarm!.Properties).toMatchObject({
      Statistic: 'Sum',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    })
  })

  test('silence is good news, but from the probe', () => {
    const breaching = Object.entries(alarms).filter(
      ([, { Properties }]) => Properties.TreatMissingData === 'breaching',
    )
    expect(breaching.map(([name]) => name)).toEqual(['ProbeAlarm'])
    const without = ofType(service.standing({ ProbeState: 'DISABLED' }).resources, 'AWS::CloudWatch::Alarm')
    expect(without.map(([name]) => name)).not.toContain('ProbeAlarm')
    expect(without).toHaveLength(10)
  })

  test.each(['5', '10', '15'])(
    'of %s minutes: three tries of the probe that failed, or were not made',
    ProbeMinutes => {
      const { Metrics, EvaluationPeriods, Threshold } = service.standing({ ProbeMinutes }).resources
        .ProbeAlarm!.Properties
      const [{ Expression }, ...counted] = Metrics
      // One client that fails is not hidden by another that does not.
      expect(Expression).toBe('IF(FILL(failed, 0) > 0 OR FILL(ok, 0) < 1, 1, 0)')
      expect(counted.map((one: { MetricStat: { Period: number } }) => Number(one.MetricStat.Period))).toEqual(
        Array(2).fill(Number(ProbeMinutes) * 60),
      )
      expect([EvaluationPeriods, Threshold]).toEqual([3, 0])
    },
  )

  test('KMS-13: one counts in percent of the quota that is given', () => {
    const expression = (given: Record<string, string>) =>
      service.standing(given).resources.SignQuotaAlarm!.Properties.Metrics[0].Expression
    expect(expression({ SignQuota: '1000' })).toBe('100 * signatures / (300 * 1000)')
  })

  test('ABUSE-4: a budget, if it is wanted, is forecast to the same topic', () => {
    expect(service.standing().resources).not.toHaveProperty('Budget')
    const { resources } = service.standing({ MonthlyBudgetUsd: '100' })
    const { Budget, NotificationsWithSubscribers } = resources.Budget!.Properties
    expect(Budget.BudgetLimit).toEqual({ Amount: '100', Unit: 'USD' })
    expect(NotificationsWithSubscribers[0].Subscribers).toEqual([
      { SubscriptionType: 'SNS', Address: KNOWN.AlarmTopic },
    ])
    const services = resources.AlarmTopicPolicy!.Properties.PolicyDocument.Statement.map(
      ({ Principal }: { Principal: { Service: string } }) => Principal.Service,
    )
    expect(services).toContain('budgets.amazonaws.com')
  })

  test('the topic has a subscriber and a key where they are given', () => {
    const { resources } = service.standing()
    expect(resources).not.toHaveProperty('AlarmSubscription')
    expect(resources.AlarmTopic!.Properties).not.toHaveProperty('KmsMasterKeyId')
    const { AlarmSubscription, AlarmTopic } = service.standing(EVERYTHING).resources
    expect(AlarmSubscription!.Properties).toMatchObject({ Protocol: 'email', Endpoint: 'ops@example.com' })
    expect(AlarmTopic!.Properties.KmsMasterKeyId).toBe(EVERYTHING.AlarmTopicKeyArn)
  })

  test('cost what infra/cost.ts counts', () => {
    const numbers = Object.values(alarms).flatMap(metricsOf).length
    expect([SMALL.alarms, LARGE.alarms]).toEqual([numbers, numbers])
    expect(METRICS).toBe(Object.values(WRITTEN).flat().length)
  })
})

describe('the dashboard', () => {
  test('shows metrics that a function writes, and its own Region', () => {
    const shown = widgets.flatMap(({ properties }) => properties.metrics)
    expect(shown.length).toBeGreaterThan(20)
    for (const [namespace, metric, dimension, value] of shown) {
      if (namespace !== 'Countersign') continue
      expect(dimension).toBe('function_name')
      expect(WRITTEN[value as string]).toContain(metric)
    }
    expect(JSON.stringify(widgets)).not.toContain('${')
  })

  test('shows all that the signing function counts', () => {
    const shown = widgets.flatMap(({ properties }) => properties.metrics.map(([, metric]) => metric))
    expect(REQUESTS.filter(metric => !shown.includes(metric))).toEqual([])
  })

  test('can be left out', () => {
    expect(service.standing({ Dashboard: 'false' }).resources).not.toHaveProperty('CloudWatchDashboard')
  })
})
