const { createHash } = require('node:crypto')

/** The same in an order that does not depend on who wrote it. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(key => [key, sorted(value[key])]),
  )
}

/** What something is made of, as one word: for names in the template of what CloudFormation makes once and never changes. */
function digestOf(value) {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 20)
}

/** The parameters that this packaging was given, by name. */
function givenTo(serverless) {
  const { stackParameters = [] } = serverless.service.provider
  return Object.fromEntries(
    stackParameters.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]),
  )
}

module.exports = { digestOf, givenTo }
