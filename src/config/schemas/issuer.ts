import * as z from "zod/mini";
import { algorithm, httpUrl, issuerUrl, scopeToken, seconds } from "../terms.ts";
import { issuerCaptcha } from "./captcha.ts";
import { secretScanning } from "./secret_scanning.ts";

const api = z.strictObject({
  /** The API's identifier: the `aud` of its tokens and what clients send as `resource` (RFC 8707). */
  resource: httpUrl,
  /** What tokens for it may allow, each with a sentence for people. */
  scopes: z.record(scopeToken, z.string().check(z.minLength(1))),
  /** What signs its access tokens. */
  algorithm: z._default(algorithm, "ES256"),
  accessTokenTtlSeconds: z._default(seconds.check(z.maximum(86_400)), 900),
  /** The clients that its servers are: they may introspect the tokens that it takes (RFC 7662). */
  introspectionClients: z._default(
    z.array(z.string().check(z.regex(/^cli_[0-9A-Za-z]{22}$/, "is not a client's id"))),
    [],
  ),
});

const signingKeys = z.strictObject({
  /** How long one key signs before the schedule replaces it. */
  rotateAfterSeconds: z._default(seconds, 30 * 86_400),
  /** How long a key is published before it signs; verifiers may cache the key set almost this long. */
  publishLeadSeconds: z._default(seconds, 300),
});

/** What codes and refresh tokens do. Every life time is a setting, so that its end can be tried out. */
const grants = z.strictObject({
  codeSeconds: z._default(seconds.check(z.maximum(600)), 60),
  refreshIdleSeconds: z._default(seconds, 14 * 86_400),
  refreshAbsoluteSeconds: z._default(seconds, 30 * 86_400),
  /** How long a second redemption of a code by the same client with the right verifier counts as a double submit. */
  codeRetrySeconds: z._default(z.int().check(z.minimum(0), z.maximum(30)), 5),
  /** How long a refresh token that was just spent gives the same successor again. */
  refreshRetrySeconds: z._default(z.int().check(z.minimum(0), z.maximum(60)), 10),
  /** What ends when a spent refresh token returns: everything of the user, or the grant alone. */
  onReuse: z._default(z.enum(["user", "grant"]), "user"),
  deviceCodeSeconds: z._default(seconds.check(z.maximum(3_600)), 600),
  devicePollSeconds: z._default(seconds.check(z.maximum(60)), 5),
});

const sessions = z.strictObject({
  idleSeconds: z._default(seconds, 12 * 3_600),
  absoluteSeconds: z._default(seconds, 7 * 86_400),
  /** How long a person may take from the first page to the last. */
  transactionSeconds: z._default(seconds.check(z.maximum(3_600)), 1_800),
});

const passwords = z.strictObject({
  /** In code points: 15 where the password stands alone (NIST SP 800-63B-4 §3.1.1.2). */
  minLength: z._default(z.int().check(z.minimum(8), z.maximum(64)), 15),
  /** Argon2id (RFC 9106): memory in KiB, passes. */
  memoryKiB: z._default(z.int().check(z.minimum(19_456), z.maximum(65_536)), 19_456),
  passes: z._default(z.int().check(z.minimum(1), z.maximum(10)), 2),
  /** Words that no password here may be made of, beside the names that it is checked against anyway. */
  blockedWords: z._default(z.array(z.string().check(z.minLength(3))), []),
  linkSeconds: z._default(seconds.check(z.maximum(86_400)), 900),
  /** How long the old address of an account can take a change of address back. */
  emailUndoSeconds: z._default(seconds.check(z.maximum(7 * 86_400)), 3 * 86_400),
});

const lockout = z.strictObject({
  attemptsPerAddressPerMinute: z._default(z.int().check(z.minimum(1)), 5),
  /** Failures in a row of one name after which it is locked, and for how long; the last step repeats. */
  steps: z._default(
    z
      .array(z.strictObject({ failures: z.int().check(z.minimum(1), z.maximum(100)), lockSeconds: seconds }))
      .check(z.minLength(1)),
    [
      { failures: 10, lockSeconds: 900 },
      { failures: 10, lockSeconds: 3_600 },
    ],
  ),
  registrationsPerAddressPerHour: z._default(z.int().check(z.minimum(1)), 20),
  /**
   * Mails of one kind that strangers can have sent to one recipient: so many at once, and then one each hour / `mailsPerRecipientPerHour`; to
   * all addresses with a tag of one mailbox four times as many. Where
   * `passwords.linkSeconds` is longer than that stretch, whoever is sent nothing has a link in their mailbox that works.
   */
  mailBurstPerRecipient: z._default(z.int().check(z.minimum(1), z.maximum(20)), 3),
  mailsPerRecipientPerHour: z._default(z.int().check(z.minimum(1), z.maximum(3_600)), 5),
  mailsPerAddressPerHour: z._default(z.int().check(z.minimum(1)), 30),
  userCodeGuessesPerMinute: z._default(z.int().check(z.minimum(1)), 10),
  /** Failed proofs of one client from one address: wrong secrets, and codes and tokens that were never issued. */
  clientFailuresPerMinute: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 60),
  /** Sign-ins that an address may begin at the authorization endpoint; each keeps an object for `sessions.transactionSeconds`. */
  transactionsPerAddressPerMinute: z._default(z.int().check(z.minimum(1), z.maximum(100_000)), 300),
  /** Device codes that an address may ask for; each keeps an object for `grants.deviceCodeSeconds` and ten minutes. */
  deviceCodesPerAddressPerMinute: z._default(z.int().check(z.minimum(1), z.maximum(100_000)), 60),
  /** Calls of the token endpoint by one client that proved itself, in each isolate; null for any number. */
  tokenRequestsPerClientPerMinute: z._default(z.nullable(z.int().check(z.minimum(1))), null),
});

/** How long what is over is kept. Everything that grows by itself has its end here. */
const retention = z.strictObject({
  /** Mails that went out: to whom, what about, when. Their texts go when they do. */
  sentMailSeconds: z._default(seconds, 7 * 86_400),
  /** Mails that were given up, or that nothing carries on. No shorter than a mail is tried for. */
  unsentMailSeconds: z._default(seconds.check(z.minimum(86_400)), 30 * 86_400),
  securityEventSeconds: z._default(seconds, 400 * 86_400),
  /** Events of the audit trail, and messages of it that could not be read. */
  auditSeconds: z._default(seconds.check(z.minimum(86_400)), 400 * 86_400),
  /** Accounts that people registered and whose address nobody confirmed. Operators' invitations stay. */
  unconfirmedUserSeconds: z._default(seconds, 7 * 86_400),
  /** Calls to what no route lists, after the last of them. Those made a few times go after a day. */
  unlistedCallSeconds: z._default(seconds, 30 * 86_400),
  /** Where what was in shadow decided otherwise, after the last such call. */
  shadowSeconds: z._default(seconds, 30 * 86_400),
  /** How often what is over is looked for. */
  sweepSeconds: z._default(seconds.check(z.maximum(7 * 86_400)), 3_600),
});

const branding = z.strictObject({
  name: z._default(z.string().check(z.minLength(1), z.maxLength(60)), "Sallyport"),
  /** A colour that white text stands out from (WCAG AA), as `#rrggbb`. */
  accent: z._default(z.string().check(z.regex(/^#[0-9a-f]{6}$/)), "#1f4fd8"),
  /** An inline image: pages load nothing from elsewhere. */
  logo: z.optional(
    z.string().check(z.regex(/^data:image\/(?:svg\+xml|png|webp);base64,[A-Za-z0-9+/]+=*$/), z.maxLength(64 * 1024)),
  ),
});

/** The issuer: what it issues tokens for, and how people sign in. */
export const issuer = z.strictObject({
  url: issuerUrl,
  /** Further names under which the issuer answers, as `host` or `host:port`. */
  hosts: z._default(z.array(z.string()), []),
  /** The first one is what a token is for when no `resource` is asked for. */
  apis: z.array(api).check(z.minLength(1)),
  /** What signs tokens for the issuer's own endpoints alone. */
  algorithm: z._default(algorithm, "ES256"),
  accessTokenTtlSeconds: z._default(seconds.check(z.maximum(86_400)), 900),
  /** How long an ID token may be taken for a fresh one: it proves a sign-in, and is no session. */
  idTokenTtlSeconds: z._default(seconds.check(z.maximum(86_400)), 900),
  signingKeys: z.prefault(signingKeys, {}),
  grants: z.prefault(grants, {}),
  sessions: z.prefault(sessions, {}),
  passwords: z.prefault(passwords, {}),
  lockout: z.prefault(lockout, {}),
  retention: z.prefault(retention, {}),
  branding: z.prefault(branding, {}),
  secretScanning: z.prefault(secretScanning, {}),
  captcha: z.optional(issuerCaptcha),
});
