// Every limit of the signing function, once, with its reason. Units are in the name: _B bytes, _S seconds, _MS milliseconds.

// ---- what a caller may send (requirement IN-3) ----
/** A token request is a few short parameters; 16 KiB leaves room for a long code and JSON escapes. */
export const BODY_MAX_B = 16 * 1024
/** Names are the RFCs' own; nothing legitimate comes near. */
export const PARAMETERS_MAX = 40
export const PARAMETER_NAME_MAX_B = 64
/** Refresh and ID tokens are larger than all else. */
export const TOKEN_VALUE_MAX_B = 8 * 1024
/** A pushed authorization request holds what would otherwise be a URL, and claims and details beside it. */
export const PAR_BODY_MAX_B = 64 * 1024
/** RFC 9449: a header, a public key and a few claims; an RSA key and its signature stay below. */
export const DPOP_PROOF_MAX_B = 4 * 1024
/** Codes are opaque and some providers' codes are JWTs of two to three KiB. */
export const PARAMETER_VALUE_MAX_B = 4 * 1024

// ---- the assertion ----
/** One use, seconds away. The smallest documented cap of a provider is two minutes. */
export const ASSERTION_LIFETIME_S = 60
/** Shorter than this and an ordinary clock difference kills it. */
export const ASSERTION_LIFETIME_MIN_S = 15
/** Longer than this and some provider refuses it. */
export const ASSERTION_LIFETIME_MAX_S = 120
/** KMS Sign takes at most 4096 bytes with MessageType RAW (AWS KMS API reference, Sign). */
export const SIGNING_INPUT_MAX_B = 4096

// ---- assertions signed ahead of their use (requirement ASRT-11) ----
/** So much of its life a spare must have left when it is used: its way to the provider, and clocks that disagree. */
export const AHEAD_MARGIN_S = 30
/**
 * A next one is signed after a gap between requests of at most this part of the time for which a spare can be used. A
 * short gap and then a long one waste a signature: where gaps are random, at 1 that is 0.25 for each exchange at the worst
 * of rates, at 0.75 it is 0.20. Requests that come in pairs, far apart, waste 0.5.
 */
export const AHEAD_GAP_PART = 0.75
/** A signature under way is waited for until it is this old; an ordinary one is there long before. Then another is asked for. */
export const AHEAD_WAIT_MS = 250

// ---- KMS (requirement KMS-10) ----
export const KMS_CONNECT_MS = 500
export const KMS_REQUEST_MS = 1_500
/** Signing may be repeated: nothing is spent by it. */
export const KMS_ATTEMPTS = 2
export const KMS_TOTAL_MS = 2_500

// ---- the provider (requirements REQ-6, REQ-9) ----
export const PROVIDER_CONNECT_MS = 2_000
/** API Gateway gives up after 30 s and the function after 20: both must outlive all that a request can wait for (a test adds it up). */
export const PROVIDER_TOTAL_MS = 8_000
/** With no more time left than this no connection is opened once more; timers end a little early at times. */
export const REOPEN_MIN_MS = 50
/** Token responses with large ID tokens stay far below, and so do key sets. */
export const PROVIDER_BODY_MAX_B = 256 * 1024
/** A container serves few requests at once; this bounds what a burst can open. */
export const PROVIDER_SOCKETS_MAX = 50
/** A socket idle for longer may have been closed by the peer while the container was frozen (Node servers close after 5 s). */
export const SOCKET_IDLE_MAX_MS = 4_000
/** A nonce is opaque; the local provider's has 43 characters. */
export const DPOP_NONCE_MAX = 512
/** Retry-After passed on from the provider is capped at an hour (requirement ERR-5). */
export const RETRY_AFTER_MAX_S = 3_600
/** What we ask for ourselves when the signer is overloaded. */
export const RETRY_AFTER_SIGNER_S = 2

// ---- the device flow (requirement DEV-1) ----
/** RFC 8628 section 3.5: where no interval is named, 5 seconds; `slow_down` adds as many. */
export const POLL_INTERVAL_S = 5
/** A device that waits as it should may still come a little early: the way there was shorter this time. */
export const POLL_EARLY_MS = 500
/** Devices that wait at once, as far as one container knows of them. */
export const POLLS_MAX = 1_000

// ---- the provider's keys, and the ID tokens that they sign (requirements IDT-1, IDT-5) ----
/** Read again, beside an exchange, when older than this: so long a key that the provider took back may still be trusted. */
export const JWKS_FRESH_MS = 10 * 60_000
/** Where they cannot be read again, what is held serves for at most this long after it was read. */
export const JWKS_STALE_MAX_MS = 60 * 60_000
/** A `kid` that is not among them has them read again at once, and then not for this long: it may be a mistake. */
export const JWKS_FORCED_MS = 60_000
/** After a failed read, while an older copy serves, wait this long before the next. */
export const JWKS_RETRY_MS = 10_000
/**
 * One read, its second try included. It runs beside the exchange, but one that an unknown `kid` asks for comes on top.
 */
export const JWKS_TOTAL_MS = 1_500
/** Clocks that disagree: what most providers allow the other way round, and far less than an ID token's life. */
export const ID_TOKEN_TOLERANCE_S = 60

// ---- the configuration document ----
/** Read again, in the background, when older than this. */
export const CONFIG_FRESH_MS = 60_000
/** Waited for when older than this: what was switched off in the meantime stays off, also after an idle hour. */
export const CONFIG_WAIT_MS = 5 * 60_000
/** The last good copy serves for at most this long after it was last confirmed. */
export const CONFIG_STALE_MAX_MS = 60 * 60_000
/** Reading it must leave the request its own time. */
export const CONFIG_READ_MS = 2_500
/** After a failed refresh, wait this long before the next: a container must not hammer what is down. */
export const CONFIG_RETRY_MS = 10_000
/** Where there is no copy at all, each request would read: at most one read in this time. */
export const CONFIG_FIRST_RETRY_MS = 1_000
/** A log line of a document in which everything is wrong still has an end. */
export const PROBLEMS_LOGGED_MAX = 50
/** Every URL of it. With the two bounds below this keeps any assertion within SIGNING_INPUT_MAX_B. */
export const URL_MAX = 1_024
/** It stands in an assertion twice (`iss`, `sub`); the identifiers that providers give out are below 100. */
export const CLIENT_ID_MAX = 255
/** A thumbprint has 43 characters. */
export const KID_MAX = 128
/** A literal `aud`. */
export const AUDIENCE_MAX = 512
/** RFC 7518 sections 3.3 and 3.5: a key of 2048 bits or larger MUST be used. */
export const RSA_BITS_MIN = 2_048

// ---- the published keys (requirements JWKS-3, JWKS-4) ----
/**
 * How long a published key set may be kept by whoever reads it. A provider reads it a few times an hour; a short life
 * makes a new key known soon, and some providers keep it for a minute at least in any case.
 */
export const KEY_SET_MAX_AGE_S = 60
/** A key set is made of a copy of the document no older than this: what is published next to nobody asks for is read anew. */
export const KEY_SET_CONFIG_MS = 5_000

// ---- the scheduled probe ----
/** The longest that an answer of our own function takes is below its time-out; what is slower is a failure. */
export const PROBE_MS = 25_000

// ---- CORS ----
/** Chromium caps a preflight's life at two hours; more would be ignored. */
export const PREFLIGHT_MAX_AGE_S = 7_200

// ---- the invocation ----
/** What is left of Lambda's time for an answer and a log line, should a request ever take all of it. */
export const TIMEOUT_EARLY_MS = 100

// ---- the cold start ----
/** What init may take before Lambda goes on without it; a request then does the work itself. */
export const INIT_MS = 400

// ---- sessions (requirements COOKIE-4, COOKIE-7, COOKIE-8) ----
/** A working day. */
export const SESSION_LIFETIME_S = 8 * 3_600
export const SESSION_LIFETIME_MIN_S = 300
/** No browser keeps a cookie for longer than 400 days (draft-ietf-httpbis-rfc6265bis, section 5.6.1). */
export const SESSION_LIFETIME_MAX_S = 400 * 24 * 3_600
/** Name and value of one cookie: what every browser takes. */
export const COOKIE_MAX_B = 4_096
/** All of a session's cookies in one request: API Gateway takes 10,240 bytes of request line and headers, of everybody's. */
export const COOKIES_MAX_B = 6 * 1024
export const COOKIE_CHUNKS_MAX = 3
/** A handle goes through the same gateway, in one header. */
export const HANDLE_MAX_B = COOKIES_MAX_B
/** A sign-in that takes longer has to be begun again. */
export const LOGIN_S = 600
/** An address of an app, with a path and a query of its own. */
export const RETURN_TO_MAX = 2_048
/** From the callback to the app and back: seconds, on a telephone. */
export const TICKET_S = 60
/** An access token is refreshed when it has less left than its way to the API may take. */
export const ACCESS_MARGIN_S = 30
/** A 256-bit key in the alphabet that CloudFormation draws from. */
export const MASTER_MIN = 43
/** What taking tokens back may add to the request that it ends: the session is over even so. */
export const REVOCATION_MS = 2_500
/** A key that is not known may have been added a moment ago: the ring is read again, but not more often. */
export const RING_FORCED_MS = 10_000

// ---- refreshing once (requirement RACE-1) ----
/** What a refresh brought is handed to whoever comes with the same old token: a tab whose request was under way. */
export const RESULT_KEPT_S = 60
/** Sessions that one container has refreshed within that time; beyond, the oldest are forgotten. */
export const REFRESHES_MAX = 1_000
/** Longer than all of a refresh may take, from the lease to its result (a test adds it up). Then the one who refreshed has ended, however it was. */
export const LEASE_S = 18
/** One call of the table, a second try included: it answers in a few milliseconds, and a request stands behind it. */
export const LEASE_CALL_MS = 1_500
/** By then it has ended. */
export const RETRY_AFTER_REFRESH_S = 1
/** So long somebody else's refresh is waited for within a request; then the app comes again. */
export const LEASE_WAIT_MS = 2_000
/** Between two looks at somebody else's refresh. */
export const LEASE_POLL_MS = 150
