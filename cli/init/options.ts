import type { COMMON, Options, Values } from '../command.ts'

export const OPTIONS = {
  provider: { type: 'string', value: 'NAME', help: 'pingone, okta, entra, generic, … (docs/providers.md)' },
  issuer: { type: 'string', value: 'URL', help: "the provider's issuer, to the letter" },
  'client-id': { type: 'string', value: 'ID', help: 'as the provider knows the client' },
  'redirect-uri': {
    type: 'string',
    multiple: true,
    value: 'URI',
    help: 'where sign-ins end; of a web app with --delivery mediated or session none is needed',
  },
  origin: {
    type: 'string',
    multiple: true,
    value: 'ORIGIN',
    help: "of a web client's pages (default: the origins of its redirect URIs)",
  },
  'application-type': { type: 'string', value: 'TYPE', help: 'web or native (default: web)' },
  delivery: {
    type: 'string',
    value: 'HOW',
    help: 'what the app gets: tokens, mediated or session (default: tokens)',
  },
  'public-url': {
    type: 'string',
    value: 'URL',
    help: 'the origin under which the app reaches the functions (mediated, session)',
  },
  'api-routes': {
    type: 'string',
    multiple: true,
    value: 'ROUTE',
    help: 'what may be called with a session: "GET /orders", "* /orders/*" (session)',
  },
  alg: { type: 'string', value: 'ALG', help: 'what assertions are signed with (default: RS256)' },
  scope: { type: 'string', value: 'SCOPE', help: 'all that may be asked for (default: no limit)' },
  refresh: {
    type: 'string',
    value: 'HOW',
    help: 'none, rotating or dpop (default: none); the last two add the grant refresh_token',
  },
  'grant-type': {
    type: 'string',
    multiple: true,
    value: 'GRANT',
    help: 'refresh_token, urn:ietf:params:oauth:grant-type:device_code; authorization_code always is one',
  },
  'kms-key-arn': { type: 'string', value: 'ARN', help: 'an existing key (default: see above)' },
  x5t: {
    type: 'string',
    value: 'HASH',
    help: "the key's x5t#S256: SHA-256 of its certificate in DER, base64url (entra)",
  },
  signer: {
    type: 'string',
    multiple: true,
    value: 'ARN',
    help: 'who may sign with a new key (default: the tag countersign:signers)',
  },
  url: { type: 'string', value: 'URL', help: 'where the functions are (default: the tag countersign:url)' },
  'allow-host': {
    type: 'string',
    multiple: true,
    value: 'HOST',
    help: "a host that endpoints may be on beside the issuer's",
  },
  'no-discovery': { type: 'boolean', help: 'read nothing: endpoints by the preset, and by the next three' },
  'authorization-endpoint': { type: 'string', value: 'URL', help: 'goes before what discovery says' },
  'token-endpoint': { type: 'string', value: 'URL', help: 'the same' },
  'jwks-uri': { type: 'string', value: 'URL', help: 'the same' },
  force: {
    type: 'boolean',
    help: 'go on where discovery does not offer private_key_jwt or the algorithm; a key that is given signs at once',
  },
  out: {
    type: 'string',
    value: 'FILE',
    help: 'write the document there (- is standard output), not to the secret',
  },
  replace: { type: 'boolean', help: 'replace a client of this id; of the same issuer, its keys stay' },
  yes: { type: 'boolean', help: 'ask nothing, and create the secret where there is none' },
} as const satisfies Options

export type Flags = Values<typeof OPTIONS> & Values<typeof COMMON>

export const DETAILS = `
Reads the provider's discovery document once, checks that private_key_jwt and the algorithm are offered, and writes a
client into the configuration with every endpoint pinned. All else in the configuration stays as it is.

On a terminal it asks for what is missing and shows the client before it is written. The key is the one that
--kms-key-arn names; else the stack's own (the tag countersign:signing-key) where no client has it yet and it may sign
by --alg; else a new one is made in KMS. With --replace, a key that is given to a client of the same issuer does not sign
yet: providers have not read it. It is put in as "next", and keys publish and keys activate come after.

With --delivery mediated or session the sign-in begins and ends at the functions, and the app has a sealed cookie, or a
native app a handle: <public-url>/callback is what the provider has to know (docs/configuration.md, Deliveries).

With --out the document is the FILE where there is one, else the secret's where one is named, else a new one.
`
