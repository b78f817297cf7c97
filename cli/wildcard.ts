/** IAM's wildcards: `*` any run of characters, `?` exactly one. Names of actions are compared in whatever case (`anyCase`). */
export function wildcard(pattern: string, value: string, anyCase = false): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, anyCase ? 'is' : 's').test(value)
}
