import * as z from "zod";
import { issuerCaptcha } from "./captcha_schema.ts";
import { secretScanning } from "./secret_scanning_schema.ts";
import { algorithm, httpUrl, issuerUrl, scopeToken, seconds } from "./terms.ts";

const api = z.strictObject({
  /** The API's identifier: the `aud` of its tokens and what clients send as `resource` (RFC 8707). */
  resource: httpUrl,
  /** What tokens for it may allow, each with a sentence for people. */
  scopes: z.record(scopeToken, z.string().min(1)),
  /** What signs its access tokens. */
  algorithm: algorithm.default("ES256"),
  accessTokenTtlSeconds: seconds.max(86_400).default(900),
  /** The clients that its servers are: they may introspect the tokens that it takes (RFC 7662). */
  introspectionClients: z.array(z.string().regex(/^cli_[0-9A-Za-z]{22}$/, "is not a client's id")).default([]),
});

const signingKeys = z.strictObject({
  /** How long one key signs before the schedule replaces it. */
  rotateAfterSeconds: seconds.default(30 * 86_400),
  /** How long a key is published before it signs; verifiers may cache the key set almost this long. */
  publishLeadSeconds: seconds.default(300),
});

/** What codes and refresh tokens do. Every life time is a setting, so that its end can be tried out. */
const grants = z.strictObject({
  codeSeconds: seconds.max(600).default(60),
  refreshIdleSeconds: seconds.default(14 * 86_400),
  refreshAbsoluteSeconds: seconds.default(30 * 86_400),
  /** How long a second redemption of a code by the same client with the right verifier counts as a double submit. */
  codeRetrySeconds: z.int().min(0).max(30).default(5),
  /** How long a refresh token that was just spent gives the same successor again. */
  refreshRetrySeconds: z.int().min(0).max(60).default(10),
  /** What ends when a spent refresh token returns: everything of the user, or the grant alone. */
  onReuse: z.enum(["user", "grant"]).default("user"),
  deviceCodeSeconds: seconds.max(3_600).default(600),
  devicePollSeconds: seconds.max(60).default(5),
});

const sessions = z.strictObject({
  idleSeconds: seconds.default(12 * 3_600),
  absoluteSeconds: seconds.default(7 * 86_400),
  /** How long a person may take from the first page to the last. */
  transactionSeconds: seconds.max(3_600).default(1_800),
});

const passwords = z.strictObject({
  /** In code points: 15 where the password stands alone (NIST SP 800-63B-4 §3.1.1.2). */
  minLength: z.int().min(8).max(64).default(15),
  /** Argon2id (RFC 9106): memory in KiB, passes. */
  memoryKiB: z.int().min(19_456).max(65_536).default(19_456),
  passes: z.int().min(1).max(10).default(2),
  /** Words that no password here may be made of, beside the names that it is checked against anyway. */
  blockedWords: z.array(z.string().min(3)).default([]),
  linkSeconds: seconds.max(86_400).default(900),
  /** How long the old address of an account can take a change of address back. */
  emailUndoSeconds: seconds.max(7 * 86_400).default(3 * 86_400),
});

const lockout = z.strictObject({
  attemptsPerAddressPerMinute: z.int().min(1).default(5),
  /** Failures in a row of one name after which it is locked, and for how long; the last step repeats. */
  steps: z
    .array(z.strictObject({ failures: z.int().min(1).max(100), lockSeconds: seconds }))
    .min(1)
    .default([
      { failures: 10, lockSeconds: 900 },
      { failures: 10, lockSeconds: 3_600 },
    ]),
  registrationsPerAddressPerHour: z.int().min(1).default(20),
  /**
   * Mails of one kind that strangers can have sent to one recipient: so many at once, and then one each hour / `mailsPerRecipientPerHour`; to
   * all addresses with a tag of one mailbox four times as many. Where
   * `passwords.linkSeconds` is longer than that stretch, whoever is sent nothing has a link in their mailbox that works.
   */
  mailBurstPerRecipient: z.int().min(1).max(20).default(3),
  mailsPerRecipientPerHour: z.int().min(1).max(3_600).default(5),
  mailsPerAddressPerHour: z.int().min(1).default(30),
  userCodeGuessesPerMinute: z.int().min(1).default(10),
  /** Failed proofs of one client from one address: wrong secrets, and codes and tokens that were never issued. */
  clientFailuresPerMinute: z.int().min(1).max(10_000).default(60),
  /** Sign-ins that an address may begin at the authorization endpoint; each keeps an object for `sessions.transactionSeconds`. */
  transactionsPerAddressPerMinute: z.int().min(1).max(100_000).default(300),
  /** Device codes that an address may ask for; each keeps an object for `grants.deviceCodeSeconds` and ten minutes. */
  deviceCodesPerAddressPerMinute: z.int().min(1).max(100_000).default(60),
  /** Calls of the token endpoint by one client that proved itself, in each isolate; null for any number. */
  tokenRequestsPerClientPerMinute: z.int().min(1).nullable().default(null),
});

/** How long what is over is kept. Everything that grows by itself has its end here. */
const retention = z.strictObject({
  /** Mails that went out: to whom, what about, when. Their texts go when they do. */
  sentMailSeconds: seconds.default(7 * 86_400),
  /** Mails that were given up, or that nothing carries on. No shorter than a mail is tried for. */
  unsentMailSeconds: seconds.min(86_400).default(30 * 86_400),
  securityEventSeconds: seconds.default(400 * 86_400),
  /** Events of the audit trail, and messages of it that could not be read. */
  auditSeconds: seconds.min(86_400).default(400 * 86_400),
  /** Accounts that people registered and whose address nobody confirmed. Operators' invitations stay. */
  unconfirmedUserSeconds: seconds.default(7 * 86_400),
  /** Calls to what no route lists, after the last of them. Those made a few times go after a day. */
  unlistedCallSeconds: seconds.default(30 * 86_400),
  /** How often what is over is looked for. */
  sweepSeconds: seconds.max(7 * 86_400).default(3_600),
});

const branding = z.strictObject({
  name: z.string().min(1).max(60).default("Sallyport"),
  /** A colour that white text stands out from (WCAG AA), as `#rrggbb`. */
  accent: z
    .string()
    .regex(/^#[0-9a-f]{6}$/)
    .default("#1f4fd8"),
  /** An inline image: pages load nothing from elsewhere. */
  logo: z
    .string()
    .regex(/^data:image\/(?:svg\+xml|png|webp);base64,[A-Za-z0-9+/]+=*$/)
    .max(64 * 1024)
    .optional(),
});

/** The issuer: what it issues tokens for, and how people sign in. */
export const issuer = z.strictObject({
  url: issuerUrl,
  /** Further names under which the issuer answers, as `host` or `host:port`. */
  hosts: z.array(z.string()).default([]),
  /** The first one is what a token is for when no `resource` is asked for. */
  apis: z.array(api).min(1),
  /** What signs tokens for the issuer's own endpoints alone. */
  algorithm: algorithm.default("ES256"),
  accessTokenTtlSeconds: seconds.max(86_400).default(900),
  /** How long an ID token may be taken for a fresh one: it proves a sign-in, and is no session. */
  idTokenTtlSeconds: seconds.max(86_400).default(900),
  signingKeys: signingKeys.prefault({}),
  grants: grants.prefault({}),
  sessions: sessions.prefault({}),
  passwords: passwords.prefault({}),
  lockout: lockout.prefault({}),
  retention: retention.prefault({}),
  branding: branding.prefault({}),
  secretScanning: secretScanning.prefault({}),
  captcha: issuerCaptcha.optional(),
});
