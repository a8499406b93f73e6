import * as z from "zod";
import { ok } from "../kernel/result.ts";
import { replayDeadLetters } from "../managing/replay_dead_letters.ts";
import type { AuditPosition, AuditRecords, DeadLetterRecord } from "../ports/audit.ts";
import type { ListPosition } from "../ports/clients.ts";
import { ACTOR_KINDS, AUDIT_KINDS, AUDIT_OUTCOMES, type AuditEvent } from "../protocol/audit_event.ts";
import { changed, parsePosition, positionIn, shownPage } from "./answers.ts";
import { exportLines } from "./audit_export.ts";
import { isoTime, momentField, pageQuery, timeShape } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

const nullable = z.string().nullable();

/** One thing that somebody did. Without a status, rules or a route it is no call at the gate; without changes no operator's act. */
const auditEventShape = z.strictObject({
  id: z.string(),
  kind: z.enum(AUDIT_KINDS),
  at: timeShape,
  request_id: z.string().describe("The answer's `X-Request-Id`, and the log's `request_id`."),
  actor: z.strictObject({
    kind: z.enum(ACTOR_KINDS),
    id: nullable,
    issuer: nullable,
    client_id: nullable,
    credential_id: nullable.describe("A token's `jti`, a key's id."),
    address: nullable,
  }),
  action: z.string().describe("A call's method, or an `operationId` of this API."),
  target: nullable.describe("A call's path, or the id of an object."),
  route: nullable,
  outcome: z.enum(AUDIT_OUTCOMES),
  reason: nullable,
  status: z.int().nullable(),
  rules: z.array(z.string()),
  changes: z
    .record(z.string(), z.object({ before: z.unknown().optional(), after: z.unknown().optional() }))
    .describe("What fields were and are; `before` is absent of what is new, `after` of what is gone."),
  config_hash: nullable,
});

export const auditListShape = z.strictObject({ data: z.array(auditEventShape), next_cursor: nullable });

const deadLetterShape = z.strictObject({
  id: z.string(),
  message_id: z.string(),
  found_at: timeShape,
  body: z.string().describe("As it came, as JSON, cut at 16384 characters."),
});

export const deadLetterListShape = z.strictObject({ data: z.array(deadLetterShape), next_cursor: nullable });

export const replayShape = z.strictObject({
  replayed: z.int().describe("Dead letters that are events now."),
  left: z.int().describe("Those that cannot be read still."),
});

const exactly = z.string().min(1).max(512).optional();

const auditQuery = pageQuery.extend({
  from: momentField.optional().describe("Events of this moment and later."),
  until: momentField.optional().describe("Events before this moment."),
  kind: z.enum(AUDIT_KINDS).optional(),
  actor: exactly.describe("The id of who did it."),
  client: exactly.describe("The client that it was done through."),
  credential: exactly,
  route: exactly,
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  request_id: exactly,
  target: exactly,
});

const list = operation({
  id: "list_audit_events",
  method: "GET",
  path: "/audit",
  summary: "List what was done, the newest first: all of it, or what every given filter names",
  status: 200,
  answer: auditListShape,
  faults: [],
  isWatched: true,
  body: NO_BODY,
  query: auditQuery,
  handle: ({ query }, { audit }) =>
    shownPage(query, parsePosition, eventsOf(audit, query), ({ event }) => showEvent(event)),
  async handleLines({ query }, { audit }) {
    const after = positionIn(query, parsePosition);
    if (!after.ok) return after;
    const lines = await exportLines(eventsOf(audit, query), after.value, ({ event }) => showEvent(event));
    return ok({ body: null, lines, objectId: null, progress: "unchanged" });
  },
});

/** The events that `query` asks for, as any list is read. */
function eventsOf(audit: AuditRecords, query: z.output<typeof auditQuery>) {
  const { from: fromMs, until: untilMs, request_id: requestId, limit: _limit, cursor: _cursor, ...same } = query;
  const filter = { ...same, fromMs, untilMs, requestId };
  return async (limit: number, after: ListPosition | null) =>
    (await audit.list(limit, positionOf(after), filter)).map(({ seq, event }) => {
      return { event, id: String(seq), createdAtMs: event.atMs };
    });
}

const listDeadLetters = operation({
  id: "list_audit_dead_letters",
  method: "GET",
  path: "/audit/dead-letters",
  summary: "List messages of the audit trail that could not be read, the newest first",
  status: 200,
  answer: deadLetterListShape,
  faults: [],
  isWatched: true,
  body: NO_BODY,
  query: pageQuery,
  handle({ query }, { audit }) {
    const page = async (limit: number, after: ListPosition | null) =>
      (await audit.deadLetters(limit, positionOf(after))).map((letter) => {
        return { ...letter, id: String(letter.seq), createdAtMs: letter.foundAtMs };
      });
    return shownPage(query, parsePosition, page, showDeadLetter);
  },
});

const replay = operation({
  id: "replay_audit_dead_letters",
  method: "POST",
  path: "/audit/dead-letters/replay",
  summary: "Read the dead letters of the audit trail again: those that can be read by now become events",
  status: 200,
  answer: replayShape,
  faults: [],
  isRecordedFirst: true,
  body: { ...NO_BODY, presence: "optional" },
  query: NO_QUERY,
  handle: async (_call, { audit }) =>
    changed(
      await replayDeadLetters(audit),
      () => "dead-letters",
      (outcome) => outcome,
    ),
});

function positionOf(after: ListPosition | null): AuditPosition | null {
  return after === null ? null : { atMs: after.createdAtMs, seq: Number(after.id) };
}

function showEvent(event: AuditEvent): z.output<typeof auditEventShape> {
  const { id, kind, atMs, requestId, actor, action, target, outcome, reason } = event;
  const call = event.kind === "admin_change" ? null : event;
  return {
    id,
    kind,
    at: isoTime(atMs),
    request_id: requestId,
    actor: {
      kind: actor.kind,
      id: actor.id,
      issuer: actor.issuer,
      client_id: actor.clientId,
      credential_id: actor.credentialId,
      address: actor.address,
    },
    action,
    target,
    route: call?.route ?? null,
    outcome,
    reason,
    status: call?.status ?? null,
    rules: [...(call?.rules ?? [])],
    changes: event.kind === "admin_change" ? { ...event.changes } : {},
    config_hash: call?.configHash ?? null,
  };
}

function showDeadLetter({ seq, messageId, foundAtMs, body }: DeadLetterRecord): z.output<typeof deadLetterShape> {
  return { id: String(seq), message_id: messageId, found_at: isoTime(foundAtMs), body };
}

export const auditOperations: readonly Operation[] = [list, listDeadLetters, replay];
