// Long because each row tells one fault whole, as the document has it.
import type { DrivenRow } from "./row.ts";

/** What is called at the issuer, and by operators. */
export type IssuerCall =
  | "client credentials, the client new to the isolate"
  | "client credentials, the client known"
  | "a wrong client secret"
  | "the key set"
  | "the metadata"
  | "a refresh token"
  | "an authorization code"
  | "a device authorization"
  | "an authorization request"
  | "a sign-in"
  | "a registration, mail carried on"
  | "UserInfo"
  | "a revocation"
  | "an operator lists clients"
  | "an operator makes an API key"
  | "an operator lists signing keys"
  | "an operator rotates the signing keys"
  | "an operator reads a key's credits"
  | "an operator ends a user's sessions";

/** What is put into a dependency's mouth. */
export type IssuerLie = "rows that are none" | "keys that are none" | "answers that are none";

type Row = DrivenRow<IssuerCall, IssuerLie>;

const UNAVAILABLE = "503 temporarily_unavailable";
const MACHINES = ["client credentials, the client known", "the key set", "the metadata"] as const;
const BASE = {
  isolate: "warm",
  faults: ["missing", "down", "slow"],
  answer: UNAVAILABLE,
  meanwhile: MACHINES,
} as const;

/** An object may be of another release than who asks it, for as long as a deployment takes. */
const LYING = (
  [
    ["accounts", "ACCOUNTS", "a refresh token", "account", "200"],
    ["accounts", "ACCOUNTS", "an authorization code", "account", "200"],
    ["accounts", "ACCOUNTS", "a revocation", "account", "200"],
    ["accounts", "ACCOUNTS", "an operator ends a user's sessions", "account", "204"],
    ["guesses", "GUESSES", "a sign-in", "guesses", "200"],
    ["credits", "CREDITS", "an operator reads a key's credits", "credits", "200"],
  ] as const
).map(
  ([dependency, binding, call, log, after]): Row => ({
    ...BASE,
    dependency,
    binding,
    faults: ["lying"],
    call,
    withinMs: null,
    log: `outage: ${log}`,
    lie: "answers that are none",
    after,
  }),
);

export const ISSUER_ROWS: readonly Row[] = [
  {
    ...BASE,
    dependency: "D1, clients",
    binding: "DB",
    faults: ["down", "slow"],
    call: "client credentials, the client new to the isolate",
    withinMs: 5_000,
    log: "outage: d1",
    after: "200",
  },
  {
    ...BASE,
    dependency: "D1, clients",
    binding: "DB",
    faults: ["lying"],
    call: "client credentials, the client new to the isolate",
    withinMs: null,
    lie: "rows that are none",
    log: "outage: d1",
    after: "200",
  },
  {
    ...BASE,
    dependency: "D1, users",
    binding: "DB",
    faults: ["down", "slow"],
    call: "a sign-in",
    withinMs: 5_000,
    log: "outage: d1",
    after: "200",
  },
  {
    ...BASE,
    dependency: "D1, users",
    binding: "DB",
    faults: ["down", "slow"],
    call: "UserInfo",
    withinMs: 5_000,
    log: "outage: d1",
    after: "200",
  },
  {
    ...BASE,
    dependency: "D1, operators",
    binding: "DB",
    faults: ["down", "slow", "lying"],
    call: "an operator lists clients",
    withinMs: 5_000,
    lie: "rows that are none",
    log: "outage: d1",
    after: "200",
  },
  {
    ...BASE,
    dependency: "D1, operators",
    binding: "DB",
    faults: ["down", "slow"],
    call: "an operator makes an API key",
    withinMs: 5_000,
    log: "outage: d1",
    after: "201",
  },
  {
    ...BASE,
    dependency: "signing keys",
    binding: "SIGNING_KEYS",
    isolate: "cold",
    call: "client credentials, the client new to the isolate",
    withinMs: 10_000,
    log: "outage: signing_keys",
    meanwhile: ["the metadata"],
    after: "200",
  },
  {
    ...BASE,
    dependency: "signing keys",
    binding: "SIGNING_KEYS",
    faults: ["lying"],
    isolate: "cold",
    call: "the key set",
    withinMs: null,
    lie: "keys that are none",
    log: "outage: signing_keys",
    meanwhile: ["the metadata"],
    after: "200",
  },
  {
    ...BASE,
    dependency: "signing keys",
    binding: "SIGNING_KEYS",
    faults: ["down"],
    call: "client credentials, the client known",
    answer: "200",
    withinMs: null,
    log: null,
    after: "200",
  },
  {
    ...BASE,
    dependency: "signing keys",
    binding: "SIGNING_KEYS",
    faults: ["down", "slow"],
    call: "an operator lists signing keys",
    withinMs: 10_000,
    log: "outage: signing_keys",
    after: "200",
  },
  {
    ...BASE,
    dependency: "signing keys",
    binding: "SIGNING_KEYS",
    faults: ["down", "slow"],
    call: "an operator rotates the signing keys",
    withinMs: 10_000,
    log: "outage: signing_keys",
    after: "200",
  },
  {
    ...BASE,
    dependency: "edge feed",
    binding: "EDGE_FEED",
    isolate: "cold",
    call: "client credentials, the client new to the isolate",
    answer: "200",
    withinMs: 250,
    log: "edge_feed_unavailable: cause",
    meanwhile: ["the metadata", "the key set"],
    after: "200",
  },
  {
    ...BASE,
    dependency: "accounts",
    binding: "ACCOUNTS",
    call: "a refresh token",
    withinMs: 4_000,
    log: "outage: account",
    after: "200",
  },
  {
    ...BASE,
    dependency: "accounts",
    binding: "ACCOUNTS",
    call: "an authorization code",
    withinMs: 15_000,
    log: "outage: account",
    after: "200",
  },
  {
    ...BASE,
    dependency: "accounts",
    binding: "ACCOUNTS",
    call: "a revocation",
    withinMs: 15_000,
    log: "outage: account",
    after: "200",
  },
  {
    ...BASE,
    dependency: "accounts",
    binding: "ACCOUNTS",
    call: "an operator ends a user's sessions",
    withinMs: 15_000,
    log: "outage: account",
    after: "204",
  },
  {
    ...BASE,
    dependency: "guesses",
    binding: "GUESSES",
    faults: ["down", "slow"],
    call: "a sign-in",
    withinMs: 5_000,
    log: "outage: guesses",
    after: "200",
  },
  {
    ...BASE,
    dependency: "guesses",
    binding: "GUESSES",
    faults: ["down", "slow"],
    call: "a wrong client secret",
    answer: "401 invalid_client",
    withinMs: 5_000,
    log: "client_failure_not_counted: guesses",
    after: "401 invalid_client",
  },
  {
    ...BASE,
    dependency: "authorization transactions",
    binding: "TRANSACTIONS",
    call: "an authorization request",
    answer: "503",
    withinMs: 5_000,
    log: "outage: transactions",
    after: "303",
  },
  {
    ...BASE,
    dependency: "device authorizations",
    binding: "DEVICES",
    call: "a device authorization",
    withinMs: 5_000,
    log: "outage: devices",
    after: "200",
  },
  {
    ...BASE,
    dependency: "mail courier",
    binding: "MAILS",
    call: "a registration, mail carried on",
    withinMs: 5_000,
    log: "outage: mail_courier",
    after: "202",
  },
  {
    ...BASE,
    dependency: "outbox courier",
    binding: "OUTBOX",
    call: "an operator makes an API key",
    withinMs: 5_000,
    log: "outage: outbox",
    after: "201",
  },
  {
    ...BASE,
    dependency: "KV, API keys",
    binding: "API_KEYS",
    call: "an operator makes an API key",
    faults: ["down", "slow"],
    answer: "201",
    withinMs: null,
    log: null,
    after: "201",
  },
  {
    ...BASE,
    dependency: "audit queue",
    binding: "AUDIT",
    call: "an operator makes an API key",
    answer: "201",
    faults: ["down", "slow"],
    withinMs: null,
    log: null,
    after: "201",
  },
  {
    ...BASE,
    dependency: "credits",
    binding: "CREDITS",
    call: "an operator reads a key's credits",
    withinMs: 5_000,
    log: "outage: credits",
    after: "200",
  },
  ...LYING,
];
