const { digestOf, givenTo } = require('./digest.cjs')
const { resolve } = require('./resolve.cjs')

const DEPLOYMENT = 'AWS::ApiGateway::Deployment'
/** What a deployment is a picture of. */
const PICTURED = /^AWS::ApiGateway::(RestApi|Resource|Method|Authorizer|GatewayResponse)$/

function renamed(value, from, to) {
  if (value === from) return to
  if (Array.isArray(value)) return value.map(one => renamed(one, from, to))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, renamed(inner, from, to)]))
}

/**
 * The plugin of serverless.yml that has a change of a REST API served. To CloudFormation a deployment of one is made once: a
 * method that changes later is not in it. So it gets the name of what is in it, with the values of parameters, and another
 * one is made where that changes.
 */
module.exports = class Snapshot {
  constructor(serverless) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const { compiledCloudFormationTemplate: template } = serverless.service.provider
        const { resources } = resolve(template, givenTo(serverless))
        const pictured = Object.entries(resources).filter(([, { Type }]) => PICTURED.test(Type))
        for (const [id, { Type }] of Object.entries(template.Resources)) {
          if (Type === DEPLOYMENT)
            template.Resources = rename(template.Resources, id, id + digestOf(pictured))
        }
      },
    }
  }
}

/** A resource under another name, where it stood, and wherever it is referred to. */
function rename(resources, from, to) {
  return Object.fromEntries(
    Object.entries(resources).map(([id, resource]) => [id === from ? to : id, renamed(resource, from, to)]),
  )
}
