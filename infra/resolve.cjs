// What CloudFormation makes of a template once its parameters are known: conditions are decided, parameters and mappings
// put in. What is known only after a deployment (the ARN of a resource, the account) stays as it is written.

/** Stands for AWS::NoValue until its member is left out. */
const NOTHING = Symbol('AWS::NoValue')

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)
const isList = value => Array.isArray(value) && value.every(item => typeof item === 'string')

/**
 * @param {object} template
 * @param {Record<string, string>} given parameters; those that are not given have their defaults
 * @param {Record<string, string>} known what else is known: `AWS::Region`, `SigningRole`, `SigningRole.Arn`, …
 * @returns {{ resources: Record<string, any>, outputs: Record<string, any>, value: (part: any) => any }} those that
 *   would be there
 */
function resolve(template, given = {}, known = {}) {
  const { Parameters = {}, Conditions = {}, Mappings = {}, Resources = {}, Outputs = {} } = template

  const parameter = name => {
    const text = String(given[name] ?? Parameters[name].Default)
    return Parameters[name].Type === 'CommaDelimitedList' ? text.split(',') : text
  }
  const holds = name => value(Conditions[name]) === true
  const refer = (name, otherwise) => {
    if (Object.hasOwn(known, name)) return known[name]
    return Object.hasOwn(Parameters, name) ? parameter(name) : otherwise
  }

  const FUNCTIONS = {
    Ref: name => (name === 'AWS::NoValue' ? NOTHING : refer(name, { Ref: name })),
    Condition: holds,
    'Fn::GetAtt': path => known[path.join('.')] ?? { 'Fn::GetAtt': path },
    'Fn::If': ([name, yes, no]) => value(holds(name) ? yes : no),
    'Fn::Equals': parts => {
      const [one, other] = parts.map(value)
      return JSON.stringify(one) === JSON.stringify(other)
    },
    'Fn::Not': ([part]) => !value(part),
    'Fn::And': parts => parts.every(value),
    'Fn::Or': parts => parts.some(value),
    'Fn::FindInMap': ([map, first, second]) => Mappings[map][value(first)][value(second)],
    'Fn::Join': ([separator, list]) => {
      const items = value(list)
      return isList(items) ? items.join(separator) : { 'Fn::Join': [separator, items] }
    },
    'Fn::Split': ([separator, text]) => {
      const whole = value(text)
      return typeof whole === 'string' ? whole.split(separator) : { 'Fn::Split': [separator, whole] }
    },
    'Fn::Select': ([index, list]) => {
      const items = value(list)
      return Array.isArray(items) ? items[Number(index)] : { 'Fn::Select': [index, items] }
    },
    'Fn::Sub': text => {
      const filled = text.replace(/\$\{([\w:.]+)\}/g, (whole, name) => refer(name, whole))
      return filled.includes('${') ? { 'Fn::Sub': filled } : filled
    },
  }

  function value(part) {
    if (Array.isArray(part)) return part.map(value).filter(item => item !== NOTHING)
    if (!isObject(part)) return part
    const [name] = Object.keys(part)
    if (Object.keys(part).length === 1 && Object.hasOwn(FUNCTIONS, name)) {
      // A policy statement has a member of that name too.
      if (name !== 'Condition' || typeof part[name] === 'string') return FUNCTIONS[name](part[name])
    }
    const members = Object.entries(part).map(([key, inner]) => [key, value(inner)])
    return Object.fromEntries(members.filter(([, inner]) => inner !== NOTHING))
  }

  const there = parts => {
    const kept = Object.entries(parts).filter(
      ([, { Condition }]) => Condition === undefined || holds(Condition),
    )
    return Object.fromEntries(kept.map(([name, { Condition, ...part }]) => [name, value(part)]))
  }
  return { resources: there(Resources), outputs: there(Outputs), value }
}

module.exports = { resolve }
