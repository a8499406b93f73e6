// Long because each row tells one fault whole, as the document has it.
import type { DrivenRow } from "./row.ts";

/** What is called at the gate. */
export type GateCall =
  | "an API key that is new to the isolate"
  | "an API key that was used before"
  | "an API key that was made just now"
  | "a token that is new to the isolate"
  | "a token that was used before"
  | "a token of another issuer"
  | "a public route"
  | "a call without a credential"
  | "a route with a limit"
  | "a route whose limit says `onUnavailable: allow`"
  | "a route whose limit says `onUnavailable: local`"
  | "an API key with credits"
  | "a route that looks for signals"
  | "a route that looks for signals, `onUnknown: deny`"
  | "a route with `audit: all`"
  | "a route with `audit: required`"
  | "a rule that asks for relations"
  | "a rule whose relations were asked for before"
  | "a route that demands a permission"
  | "a question by AuthZEN"
  | "a search by AuthZEN"
  | "a session that is new to the isolate"
  | "a session that was used before"
  | "the identity key set"
  | "a path that no route lists";

/** What is put into a dependency's mouth. */
export type GateLie =
  | "a value without end"
  | "no page"
  | "pages without end"
  | "a verdict that is none"
  | "keys that are none"
  | "signals that are none"
  | "rows that are none"
  | "answers that are none"
  | "answers to other questions"
  | "answers without end"
  | "a record that is none"
  | "a copy that is none"
  | "a session that is none"
  | "a session without end"
  | "a sign-in by ways without end";

type Row = DrivenRow<GateCall, GateLie>;

const UNAVAILABLE = "503 temporarily_unavailable";
const GOES_ON = ["an API key that was used before", "a token that was used before", "a public route"] as const;

/** Rows of one call to one dependency, which differ in the fault alone. */
const API_KEYS: Row = {
  dependency: "KV, API keys",
  binding: "API_KEYS",
  faults: ["down", "slow"],
  call: "an API key that is new to the isolate",
  isolate: "warm",
  answer: UNAVAILABLE,
  withinMs: 1_000,
  log: "outage: kv",
  meanwhile: [...GOES_ON, "a token that is new to the isolate"],
  after: "200",
};

const KEY_SETS: Row = {
  dependency: "KV, copies of others' keys",
  binding: "KEY_SETS",
  faults: ["missing", "down", "slow"],
  call: "a token of another issuer",
  isolate: "cold",
  answer: "200",
  withinMs: 500,
  log: null,
  meanwhile: ["an API key that is new to the isolate", "a token that is new to the isolate"],
  after: "200",
};

const DATABASE: Row = {
  dependency: "D1, API keys",
  binding: "DB",
  faults: ["down", "slow"],
  call: "an API key that was made just now",
  isolate: "cold",
  answer: UNAVAILABLE,
  withinMs: 5_000,
  log: "outage: d1",
  meanwhile: ["a public route", "an API key that is new to the isolate", "a token that is new to the isolate"],
  after: "401 invalid_token",
};

const SIGNING_KEYS: Row = {
  dependency: "signing keys",
  binding: "SIGNING_KEYS",
  faults: ["missing", "down", "slow"],
  call: "a token that is new to the isolate",
  isolate: "cold",
  answer: UNAVAILABLE,
  withinMs: 10_000,
  log: "outage: signing_keys",
  meanwhile: ["an API key that is new to the isolate", "a public route", "a token of another issuer"],
  after: "200",
  pauseMs: 2_001,
};

const IDENTITY_KEYS: Row = {
  dependency: "identity keys",
  binding: "IDENTITY_KEYS",
  faults: ["missing", "down", "slow"],
  call: "a token that is new to the isolate",
  isolate: "cold",
  answer: UNAVAILABLE,
  withinMs: 10_000,
  log: "outage: identity_keys",
  meanwhile: ["a public route", "a call without a credential"],
  after: "200",
};

const EDGE_FEED: Row = {
  dependency: "edge feed",
  binding: "EDGE_FEED",
  faults: ["missing", "down", "slow"],
  call: "a token that is new to the isolate",
  isolate: "cold",
  answer: UNAVAILABLE,
  withinMs: 250,
  log: "decision: edge_feed_stale",
  meanwhile: ["a public route", "a call without a credential"],
  after: "200",
  pauseMs: 1_001,
};

const LIMITER: Row = {
  dependency: "limiter",
  binding: "LIMITER",
  faults: ["down", "slow"],
  call: "a route with a limit",
  isolate: "warm",
  answer: UNAVAILABLE,
  withinMs: 250,
  log: "decision: limiter_unavailable",
  meanwhile: [...GOES_ON, "an API key that is new to the isolate"],
  after: "200",
};

const CREDITS: Row = {
  dependency: "credits",
  binding: "CREDITS",
  faults: ["missing", "down", "slow"],
  call: "an API key with credits",
  isolate: "warm",
  answer: UNAVAILABLE,
  withinMs: 250,
  log: "decision: credits_unavailable",
  meanwhile: [...GOES_ON, "an API key that is new to the isolate"],
  after: "200",
};

const SIGNALS: Row = {
  dependency: "signals",
  binding: "SIGNALS",
  faults: ["down", "slow"],
  call: "a route that looks for signals, `onUnknown: deny`",
  isolate: "warm",
  answer: UNAVAILABLE,
  withinMs: 250,
  log: "decision: signals_unavailable",
  meanwhile: [...GOES_ON, "a token that is new to the isolate"],
  after: "200",
};

const AUDIT: Row = {
  dependency: "audit queue",
  binding: "AUDIT",
  faults: ["down", "slow"],
  call: "a route with `audit: required`",
  isolate: "warm",
  answer: UNAVAILABLE,
  withinMs: 1_000,
  log: "decision: audit_unavailable",
  meanwhile: [...GOES_ON, "a token that is new to the isolate"],
  after: "200",
};

/** In the pair: what the authorizer asks the issuer. */
const ISSUER: Row = {
  dependency: "the issuer's Worker",
  binding: "ISSUER",
  faults: ["missing", "down", "slow"],
  call: "a token that is new to the isolate",
  isolate: "cold",
  answer: UNAVAILABLE,
  withinMs: 250,
  log: "decision: edge_feed_stale",
  meanwhile: ["a public route", "a call without a credential"],
  after: "200",
  pauseMs: 2_001,
};

/** What rules and searches are made of, in the store beside the gate. */
const RELATIONS: Row = {
  dependency: "D1, relations",
  binding: "DB",
  faults: ["down", "slow"],
  call: "a rule that asks for relations",
  isolate: "warm",
  answer: UNAVAILABLE,
  withinMs: 2_000,
  log: "outage: d1",
  meanwhile: [...GOES_ON, "a rule whose relations were asked for before", "a token that is new to the isolate"],
  after: "200",
};
const SUBJECTS: Row = {
  ...RELATIONS,
  dependency: "D1, subjects of questions",
  call: "a question by AuthZEN",
  withinMs: 5_000,
};
const CANDIDATES: Row = { ...RELATIONS, dependency: "D1, candidates of searches", call: "a search by AuthZEN" };
const ROLE_BOOK: Row = {
  ...RELATIONS,
  dependency: "D1, the book of roles",
  call: "a route that demands a permission",
  isolate: "cold",
  withinMs: 1_000,
  log: "decision: role_book_unavailable",
  meanwhile: ["a public route", "an API key that is new to the isolate", "a token that is new to the isolate"],
  after: "403 permission_missing",
  pauseMs: 1_001,
};

/** In the pair: the same, asked of the issuer. It may be of another release, so that it may say anything. */
const TOLD_RELATIONS: Row = {
  ...RELATIONS,
  dependency: "the issuer's Worker, relations",
  binding: "ISSUER",
  log: "outage: relations",
};
const TOLD_SUBJECTS: Row = {
  ...SUBJECTS,
  dependency: "the issuer's Worker, subjects of questions",
  binding: "ISSUER",
  log: "outage: issuer",
};
const TOLD_CANDIDATES: Row = {
  ...CANDIDATES,
  dependency: "the issuer's Worker, candidates of searches",
  binding: "ISSUER",
  log: "outage: relations",
};

/** Browsers' sessions: what the issuer reads of them where it is in the same Worker, and what it is asked where it is not. */
const SESSIONS: Row = {
  ...RELATIONS,
  dependency: "accounts, sessions of browsers",
  binding: "ACCOUNTS",
  call: "a session that is new to the isolate",
  withinMs: 5_000,
  log: "outage: account",
  meanwhile: [...GOES_ON, "a session that was used before", "a token that is new to the isolate"],
};
const SESSION_USERS: Row = {
  ...SESSIONS,
  dependency: "D1, users of sessions",
  binding: "DB",
  faults: ["down", "slow"],
  log: "outage: d1",
};
const TOLD_SESSIONS: Row = {
  ...SESSIONS,
  dependency: "the issuer's Worker, sessions of browsers",
  binding: "ISSUER",
  faults: ["down", "slow"],
  log: "outage: issuer",
};

/** `row` of one that says `lie`. */
const lying = (row: Row, fault: "lying" | "huge", lie: GateLie): Row => ({
  ...row,
  faults: [fault],
  withinMs: null,
  lie,
});

const BOOKKEEPING = { isolate: "warm", withinMs: null, meanwhile: [...GOES_ON] } as const;

export const GATE_ROWS: readonly Row[] = [
  {
    ...API_KEYS,
    faults: ["missing"],
    isolate: "cold",
    withinMs: null,
    log: "deployment_fault: API_KEYS",
    meanwhile: [],
  },
  API_KEYS,
  lying(API_KEYS, "lying", "a record that is none"),
  lying(API_KEYS, "huge", "a value without end"),
  KEY_SETS,
  lying(KEY_SETS, "lying", "a copy that is none"),
  lying(KEY_SETS, "huge", "a value without end"),
  { ...DATABASE, faults: ["missing"], isolate: "cold", withinMs: null, log: "deployment_fault: DB", meanwhile: [] },
  DATABASE,
  { ...DATABASE, faults: ["lying"], withinMs: null, lie: "rows that are none" },
  SIGNING_KEYS,
  { ...SIGNING_KEYS, faults: ["lying"], withinMs: null, lie: "keys that are none" },
  {
    ...SIGNING_KEYS,
    isolate: "warm",
    answer: "200",
    withinMs: null,
    log: null,
    meanwhile: [...GOES_ON],
    faults: ["down"],
    after: "200",
  },
  IDENTITY_KEYS,
  { ...IDENTITY_KEYS, faults: ["lying"], withinMs: null, log: "outage: signing_key", lie: "keys that are none" },
  { ...IDENTITY_KEYS, call: "the identity key set", log: "well_known_failed: identity_keys" },
  { ...IDENTITY_KEYS, faults: ["down"], isolate: "warm", answer: "200", withinMs: null, log: null },
  EDGE_FEED,
  { ...EDGE_FEED, call: "an API key that is new to the isolate" },
  { ...EDGE_FEED, faults: ["lying"], withinMs: null, lie: "no page" },
  { ...EDGE_FEED, faults: ["huge"], withinMs: null, lie: "pages without end" },
  { ...LIMITER, faults: ["missing"], isolate: "cold", withinMs: null, log: "deployment_fault: LIMITER", meanwhile: [] },
  LIMITER,
  { ...LIMITER, faults: ["lying"], withinMs: null, lie: "a verdict that is none" },
  {
    ...LIMITER,
    call: "a route whose limit says `onUnavailable: allow`",
    answer: "200",
    log: "decision: limits_skipped",
  },
  { ...LIMITER, call: "a route whose limit says `onUnavailable: local`", answer: "200", log: "decision: limits_local" },
  CREDITS,
  { ...CREDITS, faults: ["lying"], withinMs: null, lie: "a verdict that is none" },
  { ...SIGNALS, faults: ["missing"], isolate: "cold", withinMs: null, log: "deployment_fault: SIGNALS", meanwhile: [] },
  SIGNALS,
  { ...SIGNALS, faults: ["lying"], withinMs: null, lie: "signals that are none" },
  { ...SIGNALS, call: "a route that looks for signals", answer: "200", withinMs: null, log: "signals_lost: 1" },
  { ...AUDIT, faults: ["missing"], isolate: "cold", withinMs: null, log: "deployment_fault: AUDIT", meanwhile: [] },
  AUDIT,
  { ...AUDIT, call: "a route with `audit: all`", answer: "200", log: "audit_undelivered: audit_event" },
  ISSUER,
  { ...ISSUER, faults: ["lying"], withinMs: null, lie: "no page" },
  ...[RELATIONS, SUBJECTS, CANDIDATES, ROLE_BOOK].flatMap((row) => [row, lying(row, "lying", "rows that are none")]),
  { ...SESSIONS, faults: ["missing"], withinMs: null, isolate: "cold", meanwhile: ["a public route"] },
  SESSIONS,
  { ...lying(SESSIONS, "lying", "a session that is none"), log: "outage: session" },
  { ...lying(SESSIONS, "huge", "a sign-in by ways without end"), log: "outage: session" },
  SESSION_USERS,
  lying(SESSION_USERS, "lying", "rows that are none"),
  TOLD_SESSIONS,
  lying(TOLD_SESSIONS, "lying", "a session that is none"),
  lying(TOLD_SESSIONS, "huge", "a session without end"),
  ...[TOLD_RELATIONS, TOLD_SUBJECTS, TOLD_CANDIDATES].flatMap((row) => [
    row,
    lying(row, "lying", "answers that are none"),
    lying(row, "lying", "answers to other questions"),
    lying(row, "huge", "answers without end"),
  ]),
  {
    dependency: "last uses of keys",
    binding: "KEY_USES",
    faults: ["missing", "down", "slow"],
    call: "an API key that is new to the isolate",
    ...BOOKKEEPING,
    answer: "200",
    withinMs: 5_000,
    log: "key_uses_lost: 1",
    after: "200",
  },
  {
    dependency: "the inventory's counts",
    binding: "UNLISTED_CALLS",
    faults: ["missing", "down", "slow"],
    call: "a path that no route lists",
    ...BOOKKEEPING,
    answer: "404 not_found",
    withinMs: 5_000,
    log: "unlisted_calls_lost: 1",
    after: "404 not_found",
  },
];
