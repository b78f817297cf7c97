/**
 * What the configuration secret says of the deployment that it belongs to: tags, which a stack update writes without
 * touching the secret's value. By these the operator's command finds the rest.
 */
export const TAGS = {
  /** Where the functions are reached: a base URL without a trailing slash. */
  url: 'countersign:url',
  /** ARNs of the principals that the policy of a signing key lets sign, with a space between. On AWS it is the one role. */
  signers: 'countersign:signers',
  /** ARN of the key that the stack made. */
  signing_key: 'countersign:signing-key',
  /** ARN of the role that operates the keys: the policy of a key that is made later names it, too. */
  operator: 'countersign:operator',
} as const
