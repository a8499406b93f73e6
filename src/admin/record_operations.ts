import * as z from "zod";
import { err } from "../kernel/result.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { isKnownUser } from "../managing/user_access.ts";
import type { ListPosition } from "../ports/clients.ts";
import type { MailRecord, SecurityEvent } from "../ports/operator_records.ts";
import { parseUserId } from "../protocol/ids.ts";
import { parsePosition, pathId, shownPage } from "./answers.ts";
import { isoTime, isoTimeOrNull, pageQuery, timeShape } from "./field_shapes.ts";
import { NO_BODY, type Operation, operation } from "./operation.ts";

/** What happened to an account. */
const securityEventShape = z.strictObject({
  id: z.string().describe("The `event_id` of the log's `security_event`."),
  kind: z.enum(["everything_ended", "grant_ended", "email_changed", "api_key_leaked"]),
  reason: z.string(),
  grant_id: z.string().nullable(),
  client_id: z.string().nullable(),
  at: timeShape,
});

export const securityEventListShape = z.strictObject({
  data: z.array(securityEventShape),
  next_cursor: z.string().nullable(),
});

/** A mail as operators may see it. */
const mailShape = z.strictObject({
  id: z.string(),
  to: z.string(),
  kind: z.string(),
  subject: z.string(),
  text: z
    .string()
    .nullable()
    .describe(
      "In development alone, where nothing carries mail on; null everywhere else: its link is the recipient's.",
    ),
  status: z.enum(["waiting", "sent", "given_up"]),
  tries: z.int(),
  created_at: timeShape,
  sent_at: timeShape.nullable(),
});

export const mailListShape = z.strictObject({ data: z.array(mailShape), next_cursor: z.string().nullable() });

const listEvents = operation({
  id: "list_user_security_events",
  method: "GET",
  path: "/users/{user_id}/security-events",
  summary:
    "List what ended a user's sessions and grants, changed their email address and made a key of theirs public, the newest first; also of a user who was deleted",
  status: 200,
  answer: securityEventListShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: pageQuery,
  async handle({ params, query }, { people: { users }, events }) {
    const id = pathId(params.user_id, parseUserId);
    if (!id.ok) return id;
    if (!(await isKnownUser(id.value, { users, events }))) return err(NOT_FOUND);
    const list = async (limit: number, after: ListPosition | null) =>
      (await events.list(id.value, limit, positionOf(after))).map(({ seq, event }) => {
        return { event, id: String(seq), createdAtMs: event.atMs };
      });
    return shownPage(query, parsePosition, list, ({ event }) => showEvent(event));
  },
});

const listMails = operation({
  id: "list_mails",
  method: "GET",
  path: "/mails",
  summary: "List mails that were taken in for sending, the newest first",
  status: 200,
  answer: mailListShape,
  faults: [],
  body: NO_BODY,
  query: pageQuery,
  handle({ query }, { mails }) {
    const list = async (limit: number, after: ListPosition | null) =>
      (await mails.list(limit, positionOf(after))).map((mail) => ({ ...mail, id: String(mail.seq) }));
    return shownPage(query, parsePosition, list, showMail);
  },
});

function positionOf(after: ListPosition | null): number | null {
  return after === null ? null : Number(after.id);
}

function showEvent(event: SecurityEvent): z.output<typeof securityEventShape> {
  const { id, kind, reason, grantId, clientId, atMs } = event;
  return { id, kind, reason, grant_id: grantId, client_id: clientId, at: isoTime(atMs) };
}

function showMail(mail: MailRecord): z.output<typeof mailShape> {
  const { seq, to, kind, subject, text, tries, createdAtMs, sentAtMs, givenUpAtMs } = mail;
  const status = sentAtMs !== null ? "sent" : givenUpAtMs !== null ? "given_up" : "waiting";
  const times = { created_at: isoTime(createdAtMs), sent_at: isoTimeOrNull(sentAtMs) };
  return { id: String(seq), to, kind, subject, text, status, tries, ...times };
}

export const recordOperations: readonly Operation[] = [listEvents, listMails];
