import type { FeedEntry } from "./edge_feed.ts";
import type { CodeIssue, GrantLifetimes, GrantRefusal, GrantStart } from "./grant_requests.ts";
import type { GrantTerms } from "./grant_terms.ts";
import type { GrantId } from "./ids.ts";

/**
 * One grant as plain data: code issued, redeemed, refreshed from generation to generation, revoked or at its end. Owns
 * what may follow what; `grant_code.ts` and `grant_refresh.ts` are its two long transitions. Refuses secrets: it
 * compares digests of secrets of 256 random bits, of which an answer's time tells nothing worth knowing.
 */
export interface GrantState {
  readonly terms: GrantTerms;
  /** As they were when the grant began: a changed setting reaches new grants alone. */
  readonly lifetimes: GrantLifetimes;
  /** The longest an access token of this grant may live, in milliseconds. */
  readonly accessMs: number;
  /** When the code was issued; once redeemed, when it was. */
  readonly startedAtMs: number;
  readonly lastUsedAtMs: number;
  /** From here on it gives nothing any more, however it was used: the code's end, then the absolute end. */
  readonly endsAtMs: number;
  readonly revokedAtMs: number | null;
  /** Null for a grant that began without a code. */
  readonly code: CodeState | null;
  /** The key that its refresh tokens are bound to (RFC 9449 §5). */
  readonly dpopThumbprint: string | null;
  /** Null before the code is redeemed, and where no refresh tokens are given. */
  readonly refresh: RefreshState | null;
}

export interface CodeState {
  readonly hash: string;
  readonly redirectUri: string;
  readonly codeChallenge: string | null;
  readonly dpopThumbprint: string | null;
  /** When it was spent, by the account's clock. */
  readonly redeemedAtMs: number | null;
}

export interface RefreshState {
  /** The one secret that may be spent. */
  readonly currentHash: string;
  readonly issuedAtMs: number;
  /** What was spent for the current one, and how: only this very request may be repeated. */
  readonly spent: {
    readonly hash: string;
    /** By the account's clock. */
    readonly atMs: number;
    readonly dpopThumbprint: string | null;
    readonly narrowing: string;
  } | null;
}

/** What a transition says. `ended`: what the refusal ended. */
export type GrantStep =
  | { readonly kind: "granted"; readonly retried: boolean }
  | { readonly kind: "refused"; readonly reason: GrantRefusal; readonly ended: "nothing" | "grant" | "user" };

/** A step and the state after it; the same object where nothing changed. */
export interface GrantTransition {
  readonly state: GrantState;
  readonly step: GrantStep;
}

/** A revoked grant is remembered this long: only so that a log can say why its secrets open nothing. */
const REMEMBER_REVOKED_MS = 24 * 60 * 60_000;

/** Between the spend and the mint, and between two clocks, no more than this goes by. */
const MINT_MARGIN_MS = 60_000;

/** A grant that waits for its code to be redeemed. */
export function issueCode(issue: CodeIssue, lifetimes: GrantLifetimes, accessMs: number, nowMs: number): GrantState {
  const { codeHash: hash, redirectUri, codeChallenge, dpopThumbprint, terms } = issue;
  return {
    terms,
    lifetimes,
    accessMs,
    startedAtMs: nowMs,
    lastUsedAtMs: nowMs,
    endsAtMs: nowMs + lifetimes.codeMs,
    revokedAtMs: null,
    code: { hash, redirectUri, codeChallenge, dpopThumbprint, redeemedAtMs: null },
    dpopThumbprint,
    refresh: null,
  };
}

/** A grant that gives at once. */
export function startGrant(start: GrantStart, lifetimes: GrantLifetimes, accessMs: number, nowMs: number): GrantState {
  const { terms, dpopThumbprint, refreshHash } = start;
  const begun = { terms, lifetimes, accessMs, revokedAtMs: null, code: null };
  return { ...begun, ...firstGiving(begun, refreshHash, dpopThumbprint, nowMs) };
}

/** What a grant has from the moment on that it gives. Without refresh tokens it lasts as long as its access token. */
export function firstGiving(
  { terms, lifetimes, accessMs }: Pick<GrantState, "terms" | "lifetimes" | "accessMs">,
  refreshHash: string,
  dpopThumbprint: string | null,
  nowMs: number,
): Pick<GrantState, "startedAtMs" | "lastUsedAtMs" | "endsAtMs" | "dpopThumbprint" | "refresh"> {
  return {
    startedAtMs: nowMs,
    lastUsedAtMs: nowMs,
    endsAtMs: nowMs + (terms.refreshable ? lifetimes.refreshAbsoluteMs : accessMs),
    dpopThumbprint,
    refresh: terms.refreshable ? { currentHash: refreshHash, issuedAtMs: nowMs, spent: null } : null,
  };
}

/** Whether access tokens of this grant may be about. */
export function hasGiven({ code }: GrantState): boolean {
  return code === null || code.redeemedAtMs !== null;
}

/** Whether the user still lets the client act by this grant: what a list of connected apps shows. */
export function isLive(state: GrantState, nowMs: number): boolean {
  return hasGiven(state) && state.revokedAtMs === null && nowMs < state.endsAtMs && !isIdle(state, nowMs);
}

/** Whether its refresh token was left alone for too long (RFC 9700 §4.14.2). */
export function isIdle({ refresh, lifetimes }: GrantState, nowMs: number): boolean {
  return refresh !== null && nowMs - refresh.issuedAtMs >= lifetimes.refreshIdleMs;
}

/** The same grant, revoked. Revoked stays revoked, as of the first time. */
export function revoke(state: GrantState, nowMs: number): GrantState {
  return state.revokedAtMs === null ? { ...state, revokedAtMs: nowMs } : state;
}

/** Until when the grant must be remembered: as long as a secret or a token of it could be presented to effect. */
export function rememberUntilMs(state: GrantState): number {
  const wholeMs = state.endsAtMs + (hasGiven(state) ? state.accessMs + MINT_MARGIN_MS : 0);
  return state.revokedAtMs === null ? wholeMs : Math.min(wholeMs, state.revokedAtMs + REMEMBER_REVOKED_MS);
}

/** Ends the access tokens of one grant. Kept until the last of them has expired by itself. */
export function grantEntry(id: GrantId, { accessMs }: GrantState, nowMs: number): FeedEntry {
  return { kind: "grant", id, epoch: 1, untilMs: nowMs + accessMs + MINT_MARGIN_MS };
}

/** Ends the access tokens of `subject` that were minted under an epoch below `epoch`. */
export function subjectEntry(subject: string, epoch: number, accessMs: number, nowMs: number): FeedEntry {
  return { kind: "user", id: subject, epoch, untilMs: nowMs + accessMs + MINT_MARGIN_MS };
}

/** A refusal that leaves everything as it was. */
export function refused(state: GrantState, reason: GrantRefusal): GrantTransition {
  return { state, step: { kind: "refused", reason, ended: "nothing" } };
}

/** A refusal that ends the grant, or everything of the user. */
export function endedBy(
  state: GrantState,
  reason: GrantRefusal,
  ended: "grant" | "user",
  nowMs: number,
): GrantTransition {
  return { state: revoke(state, nowMs), step: { kind: "refused", reason, ended } };
}
