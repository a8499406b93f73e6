/*
 * What the audit trail holds: one event for each thing that somebody did. The names of members are stable, for they lie in queues and tables
 * and are read by other versions than the one that wrote them; `v` grows when a member changes meaning. There is no
 * member for a credential, a query, a header or a body, so that none can be written by mistake.
 */

export const AUDIT_KINDS = ["decision", "key_use", "admin_change"] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

export const ACTOR_KINDS = ["user", "client", "api_key", "anonymous", "system"] as const;

/** `attempted`: begun, and what came of it is in another event of the same request, or nobody knows. */
export const AUDIT_OUTCOMES = ["allowed", "denied", "attempted", "changed", "unchanged", "refused", "failed"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Who did it. */
export interface AuditActor {
  readonly kind: (typeof ACTOR_KINDS)[number];
  /** Unique with `issuer`; null for nobody who was proven. */
  readonly id: string | null;
  /** Who vouches for `id`, where that is an issuer of tokens. */
  readonly issuer: string | null;
  readonly clientId: string | null;
  /** A token's `jti`, a key's id: it names a credential and opens nothing. */
  readonly credentialId: string | null;
  readonly address: string | null;
}

interface AuditFacts {
  readonly v: 1;
  /** Derived from the request, so that whatever is sent twice is kept once. */
  readonly id: string;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly requestId: string;
  readonly actor: AuditActor;
  readonly reason: string | null;
}

/** A call at the gate: a decision on a route that records them, or the use of an API key on any other. */
export interface DecisionEvent extends AuditFacts {
  readonly kind: "decision" | "key_use";
  /** The method. */
  readonly action: string;
  /** The path. */
  readonly target: string;
  readonly route: string;
  readonly outcome: "allowed" | "denied";
  /** What the caller was answered; null where the event had to come before the answer. */
  readonly status: number | null;
  readonly rules: readonly string[];
  /** Which configuration decided; null where configurations have no name. */
  readonly configHash: string | null;
}

/** What a field was before a change, and after it; absent where there was or is no such object. */
export interface FieldChange {
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What an operator did. */
export interface AdminChangeEvent extends AuditFacts {
  readonly kind: "admin_change";
  /** The `operationId`. */
  readonly action: string;
  /** The id of the object. */
  readonly target: string | null;
  readonly outcome: "attempted" | "changed" | "unchanged" | "refused" | "failed";
  readonly changes: Readonly<Record<string, FieldChange>>;
}

export type AuditEvent = DecisionEvent | AdminChangeEvent;

/** An operator's act on its way to the trail. */
export interface AdminAct {
  /** Names the act: the request's id, or with it one of several things that the request does. */
  readonly id: string;
  readonly requestId: string;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly action: string;
  readonly actor: AuditActor;
}

const MAX_TEXT = 256;
const MAX_TARGET = 512;
const MAX_RULES = 32;

/** The bounds of what callers choose: an event is small whatever they send, and one line of well-formed text. */
export function auditText(text: string, most = MAX_TEXT): string {
  const line = text.toWellFormed().replace(/\p{Cc}/gu, "\ufffd");
  return line.length <= most ? line : `${line.slice(0, most - 1).toWellFormed()}…`;
}

/** A call at the gate, within its bounds. */
export function decisionEvent(facts: Omit<DecisionEvent, "v" | "id">): DecisionEvent {
  const { actor } = facts;
  const bounded = (text: string | null) => (text === null ? null : auditText(text));
  return {
    ...facts,
    v: 1,
    id: `${facts.requestId}/decision`,
    actor: {
      ...actor,
      id: bounded(actor.id),
      issuer: bounded(actor.issuer),
      clientId: bounded(actor.clientId),
      credentialId: bounded(actor.credentialId),
      address: bounded(actor.address),
    },
    target: auditText(facts.target, MAX_TARGET),
    rules: facts.rules.slice(0, MAX_RULES).map((rule) => auditText(rule)),
  };
}

/** What came of an operator's act, or that it was begun. */
export function adminChange(
  { id: actId, requestId, atMs, action, actor }: AdminAct,
  {
    target,
    outcome,
    reason = null,
    changes = {},
  }: Pick<AdminChangeEvent, "target" | "outcome"> & Partial<Pick<AdminChangeEvent, "reason" | "changes">>,
): AdminChangeEvent {
  const id = `${actId}/${outcome === "attempted" ? "begun" : "done"}`;
  return { v: 1, kind: "admin_change", id, atMs, requestId, actor, action, target, outcome, reason, changes };
}

/**
 * Whether a request belongs to a sample of `share` (0 to 1): it does where the first eight hexadecimal digits of its id, as a fraction of
 * all there are, lie below. So who reads the trail can say of any request whether it was to be in it.
 */
export function isSampled(requestId: string, share: number): boolean {
  if (share >= 1) return true;
  return share > 0 && Number.parseInt(requestId.slice(0, 8), 16) < share * 0x1_0000_0000;
}
