const { digestOf, givenTo } = require('./digest.cjs')
const { resolve } = require('./resolve.cjs')

const ALIAS = 'live'

/** What a version is made of, as one word: what has not changed is not published again. */
function versionDigest(properties, { CodeSha256 }) {
  // Neither is part of a version.
  const { Code, ReservedConcurrentExecutions, Tags, ...configuration } = properties
  return digestOf([CodeSha256, configuration])
}

/**
 * The plugin of serverless.yml that puts an alias in front of each function: the API and the schedule call
 * `<function>:live`, which points to the version that a deployment published, so that a deployment can be taken back by
 * pointing it to the one before.
 *
 * The framework names a version by what it knows when it compiles the function. That is before infra/ has added
 * its part, and without the values of parameters: a change of those would reach no version. (The other way round
 * would be as bad: to publish what has not changed is an error to Lambda.) So versions are named anew at the end.
 */
module.exports = class Live {
  constructor(serverless) {
    this.serverless = serverless
    this.hooks = {
      'before:package:compileFunctions': () => this.target(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.publish(),
    }
  }

  functions() {
    const { service } = this.serverless
    return service.getAllFunctions().map(name => ({ name, declared: service.getFunction(name) }))
  }

  /** What calls a function asks for its `targetAlias`, and waits for that. */
  target() {
    const { naming } = this.serverless.getProvider('aws')
    for (const { name, declared } of this.functions()) {
      declared.targetAlias = { name: ALIAS, logicalId: `${naming.getNormalizedFunctionName(name)}LiveAlias` }
    }
  }

  publish() {
    const { naming } = this.serverless.getProvider('aws')
    const { compiledCloudFormationTemplate: template } = this.serverless.service.provider
    const { resources } = resolve(template, givenTo(this.serverless))
    for (const { name, declared } of this.functions()) {
      const functionId = naming.getLambdaLogicalId(name)
      const { [declared.versionLogicalId]: version } = template.Resources
      // One that these parameters do not make has the name that its template gives it.
      const { Properties } = resources[functionId] ?? template.Resources[functionId]
      const versionId = `${functionId.replace('Function', 'Version')}${versionDigest(Properties, version.Properties)}`
      delete template.Resources[declared.versionLogicalId]
      declared.versionLogicalId = versionId
      template.Resources[versionId] = version
      const outputId = naming.getLambdaVersionOutputLogicalId(name)
      const output = template.Outputs[outputId]
      // Put in again at the end: the framework compiles functions side by side, so their order was chance.
      delete template.Outputs[outputId]
      template.Outputs[outputId] = { ...output, Value: { Ref: versionId } }
      template.Resources[declared.targetAlias.logicalId] = {
        Type: 'AWS::Lambda::Alias',
        ...(declared.condition && { Condition: declared.condition }),
        Properties: {
          FunctionName: { Ref: functionId },
          FunctionVersion: { 'Fn::GetAtt': [versionId, 'Version'] },
          Name: ALIAS,
        },
      }
    }
  }
}
