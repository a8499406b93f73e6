import type { FeedEntry } from "./edge_feed.ts";
import type { SignatureAlgorithm } from "./jws.ts";

/**
 * The life of signing keys as a pure state machine: published, active, retired, gone; or withdrawn at once.
 * Owns one active key per algorithm and the order "published before used, kept until its last token is dead".
 * Refuses to hold a private key in the clear: `sealed` is opaque here.
 */
export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  readonly use: "sig";
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** A freshly made key pair, its private half sealed. */
export interface KeyCandidate {
  readonly jwk: PublicJwk;
  /** The private key, encrypted under the key-encryption key `kekId`. */
  readonly sealed: string;
  readonly kekId: string;
}

export interface RingKey extends KeyCandidate {
  readonly publishedAtMs: number;
  readonly activatedAtMs: number | null;
  readonly retiredAtMs: number | null;
}

export type KeyStatus = "next" | "active" | "retired";

export interface RingState {
  /** Grows with each change of what signs. */
  readonly version: number;
  readonly keys: readonly RingKey[];
  /** Asked-for rotations that wait for their next key to be known everywhere, by algorithm: when they are due. */
  readonly scheduled: Readonly<Partial<Record<SignatureAlgorithm, number>>>;
  /** What the edge feed has still to be told. */
  readonly outbox: readonly FeedEntry[];
}

export const EMPTY_RING: RingState = { version: 0, keys: [], scheduled: {}, outbox: [] };

/** All in milliseconds. */
export interface RingSettings {
  /** How long a key signs before the schedule replaces it. */
  readonly rotateAfterMs: number;
  /** How long a key is published before it signs: at least what verifiers cache the key set for. */
  readonly publishLeadMs: number;
  /** How long a retired key stays published: the longest token life plus what signers cache the key for. */
  readonly retainMs: number;
}

/**
 * How long a withdrawal is told. Not by the life of the tokens that the key signed: whoever has it signs new ones, and an
 * isolate that slept through the withdrawal may go on with its copy of the key set, for an hour at most.
 */
const WITHDRAWAL_MS = 24 * 60 * 60_000;

/** The feed's name for "the ring changed": kind `config`, epoch = the ring's version. */
export const RING_FEED_ID = "signing-keys";

/** Where a key stands. */
export function keyStatus(key: RingKey): KeyStatus {
  if (key.retiredAtMs !== null) return "retired";
  return key.activatedAtMs === null ? "next" : "active";
}

/** The key of `alg` with `status`; for `active` and `next` there is at most one. */
export function findKey(state: RingState, alg: SignatureAlgorithm, status: KeyStatus): RingKey | undefined {
  return state.keys.find((key) => key.jwk.alg === alg && keyStatus(key) === status);
}

/**
 * Gives `alg` its first two keys. Both are published in one step, so no verifier can hold a key set with the one and
 * without the other: the second may sign whenever it is needed. A second call changes nothing.
 */
export function bootstrap(
  state: RingState,
  alg: SignatureAlgorithm,
  active: KeyCandidate,
  next: KeyCandidate,
  nowMs: number,
): RingState {
  if (state.keys.some((key) => key.jwk.alg === alg)) return state;
  const published = { publishedAtMs: nowMs, retiredAtMs: null };
  const added: RingKey[] = [
    { ...active, ...published, activatedAtMs: nowMs },
    { ...next, ...published, activatedAtMs: null },
  ];
  return { ...state, version: state.version + 1, keys: [...state.keys, ...added] };
}

/** When the next key of `alg` may sign, in Unix milliseconds; null when there is none. */
export function nextUsableAtMs(state: RingState, alg: SignatureAlgorithm, settings: RingSettings): number | null {
  const active = findKey(state, alg, "active");
  const next = findKey(state, alg, "next");
  if (active === undefined || next === undefined) return null;
  const publishedTogether = next.publishedAtMs === active.publishedAtMs;
  return publishedTogether ? next.publishedAtMs : next.publishedAtMs + settings.publishLeadMs;
}

export type Rotation =
  | { readonly outcome: "rotated"; readonly state: RingState }
  /** Nothing signs differently yet; it will at `atMs`. */
  | { readonly outcome: "scheduled"; readonly state: RingState; readonly atMs: number };

/**
 * Lets the next key of `alg` sign, retires the active one and publishes `successor`. While the next key is too young
 * for verifiers to know it, the rotation is scheduled instead. A `successor` that is in the ring already names a
 * rotation that has happened: parallel callers share one. Without a successor a rotation is only scheduled. In an
 * `emergency` every key that has signed is withdrawn, the retired ones too, for nobody knows since when a key is known to
 * others: they leave the key set and the feed is told, so that their tokens die within the feed's bound, and the next key
 * signs whatever its age.
 */
export function rotate(
  state: RingState,
  alg: SignatureAlgorithm,
  successor: KeyCandidate | null,
  request: { readonly nowMs: number; readonly emergency: boolean },
  settings: RingSettings,
): Rotation {
  if (state.keys.some((key) => key.jwk.kid === successor?.jwk.kid)) return { outcome: "rotated", state };
  const { nowMs, emergency } = request;
  const next = findKey(state, alg, "next");
  const usableAtMs = nextUsableAtMs(state, alg, settings);
  if (next === undefined || usableAtMs === null) throw new Error("rotation of an algorithm that has no keys");
  if (successor === null || (!emergency && usableAtMs > nowMs)) {
    return { outcome: "scheduled", atMs: usableAtMs, state: schedule(state, alg, usableAtMs) };
  }
  const withdrawn = emergency ? state.keys.filter((key) => key.jwk.alg === alg && key.activatedAtMs !== null) : [];
  const keys = state.keys.flatMap((key) => {
    if (withdrawn.includes(key)) return [];
    if (key.jwk.alg !== alg || key.retiredAtMs !== null) return [key];
    return [key === next ? { ...key, activatedAtMs: nowMs } : { ...key, retiredAtMs: nowMs }];
  });
  // Later than the key before it, if by a millisecond: only keys of one bootstrap count as published together.
  const publishedAtMs = Math.max(nowMs, next.publishedAtMs + 1);
  keys.push({ ...successor, publishedAtMs, activatedAtMs: null, retiredAtMs: null });
  const version = state.version + 1;
  const { [alg]: _done, ...scheduled } = state.scheduled;
  const outbox = [...state.outbox, ringChanged(version, nowMs + settings.retainMs), ...withdrawals(withdrawn, nowMs)];
  return { outcome: "rotated", state: { version, keys, scheduled, outbox } };
}

/**
 * Gives `alg` a signer again when its active key cannot be opened any more, as `opens` tells. That key retires: it stays
 * published until its tokens are dead. A next key that opens signs at once, with `first` behind it; one that does not is
 * dropped, and `first` signs with `second` behind it, published together as at bootstrap. No verifier can have known them
 * before, so the feed is told. While the active key opens nothing changes: parallel callers share one replacement.
 */
export function replaceLost(
  state: RingState,
  alg: SignatureAlgorithm,
  opens: (key: KeyCandidate) => boolean,
  [first, second]: readonly [KeyCandidate, KeyCandidate],
  nowMs: number,
  settings: RingSettings,
): RingState {
  const [lost, next] = [findKey(state, alg, "active"), findKey(state, alg, "next")];
  if (lost === undefined || opens(lost)) return state;
  const kept = state.keys
    .filter((key) => key !== next)
    .map((key) => (key === lost ? { ...key, retiredAtMs: nowMs } : key));
  const published = { publishedAtMs: nowMs, retiredAtMs: null };
  const pair: RingKey[] =
    next !== undefined && opens(next)
      ? [
          { ...next, activatedAtMs: nowMs },
          // Later than the key before it: only keys of one step count as published together.
          { ...first, ...published, publishedAtMs: Math.max(nowMs, next.publishedAtMs + 1), activatedAtMs: null },
        ]
      : [
          { ...first, ...published, activatedAtMs: nowMs },
          { ...second, ...published, activatedAtMs: null },
        ];
  const version = state.version + 1;
  const { [alg]: _done, ...scheduled } = state.scheduled;
  const outbox = [...state.outbox, ringChanged(version, nowMs + settings.retainMs)];
  return { version, keys: [...kept, ...pair], scheduled, outbox };
}

function schedule(state: RingState, alg: SignatureAlgorithm, atMs: number): RingState {
  return state.scheduled[alg] === undefined ? { ...state, scheduled: { ...state.scheduled, [alg]: atMs } } : state;
}

function ringChanged(version: number, untilMs: number): FeedEntry {
  return { kind: "config", id: RING_FEED_ID, epoch: version, untilMs };
}

function withdrawals(keys: readonly RingKey[], nowMs: number): FeedEntry[] {
  return keys.map(({ jwk }) => ({ kind: "kid", id: jwk.kid, epoch: 1, untilMs: nowMs + WITHDRAWAL_MS }));
}

/** The ring with `delivered` entries gone from its outbox. */
export function acknowledge(state: RingState, delivered: readonly FeedEntry[]): RingState {
  const told = new Set(delivered.map((entry) => `${entry.kind}:${entry.id}:${entry.epoch}`));
  return { ...state, outbox: state.outbox.filter((entry) => !told.has(`${entry.kind}:${entry.id}:${entry.epoch}`)) };
}

/** Algorithms whose rotation is due by the schedule or was asked for and has become possible. */
export function rotationsDue(state: RingState, nowMs: number, settings: RingSettings): SignatureAlgorithm[] {
  return activeKeys(state)
    .filter((key) => dueAtMs(state, key, settings) <= nowMs)
    .map((key) => key.jwk.alg);
}

/** The ring without the retired keys whose last token is dead. */
export function dropDead(state: RingState, nowMs: number, settings: RingSettings): RingState {
  const keys = state.keys.filter((key) => key.retiredAtMs === null || key.retiredAtMs + settings.retainMs > nowMs);
  return keys.length === state.keys.length ? state : { ...state, keys };
}

/** When the ring next has something to do, in Unix milliseconds; null when it has no keys. */
export function nextWakeMs(state: RingState, settings: RingSettings): number | null {
  const times = activeKeys(state).map((key) => dueAtMs(state, key, settings));
  for (const key of state.keys) if (key.retiredAtMs !== null) times.push(key.retiredAtMs + settings.retainMs);
  return times.length === 0 ? null : Math.min(...times);
}

function dueAtMs(state: RingState, active: RingKey, settings: RingSettings): number {
  const bySchedule = (active.activatedAtMs ?? 0) + settings.rotateAfterMs;
  const wantedAtMs = Math.min(bySchedule, state.scheduled[active.jwk.alg] ?? Number.POSITIVE_INFINITY);
  return Math.max(wantedAtMs, nextUsableAtMs(state, active.jwk.alg, settings) ?? 0);
}

function activeKeys(state: RingState): RingKey[] {
  return state.keys.filter((key) => keyStatus(key) === "active");
}
