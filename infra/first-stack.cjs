/**
 * The plugin of serverless.yml that lets a first deployment have parameters. The framework deploys in two steps, a stack
 * with nothing but the bucket for the code, then the whole; it sends the parameters with both, and CloudFormation
 * refuses those that a template does not declare.
 */
module.exports = class FirstStack {
  constructor(serverless) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const { coreCloudFormationTemplate, compiledCloudFormationTemplate } = serverless.service.provider
        // A copy: of one object in two places, the framework's state keeps a reference alone.
        coreCloudFormationTemplate.Parameters = structuredClone(compiledCloudFormationTemplate.Parameters)
      },
    }
  }
}
