/** Hosts of AWS itself: an endpoint in a network of one's own (`vpce-….amazonaws.com`) is still AWS. */
const OF_AWS = /(^|\.)(amazonaws\.(com|com\.cn|eu)|aws)$/

/** Whether a local stand-in answers for KMS, as the SDK reads the environment: a signature there rings nobody's alarm. */
export function standsIn(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') return false
  const url = env.AWS_ENDPOINT_URL_KMS || env.AWS_ENDPOINT_URL
  return url !== undefined && URL.canParse(url) && !OF_AWS.test(new URL(url).hostname)
}
