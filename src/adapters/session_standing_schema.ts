import * as z from "zod/mini";
import type { SessionStanding } from "../ports/issuer_reader.ts";
import { parseSessionId, parseUserId, type SessionId, type UserId } from "../protocol/ids.ts";
import { assignmentList, attributeRecord, nameList } from "./holdings_schema.ts";

const text = z.string().check(z.maxLength(256));

const standing = z.strictObject({
  sessionId: z.custom<SessionId>((value) => typeof value === "string" && parseSessionId(value) !== null),
  userId: z.custom<UserId>((value) => typeof value === "string" && parseUserId(value) !== null),
  userEpoch: z.int().check(z.minimum(0)),
  roles: nameList,
  assignments: z.exactOptional(assignmentList),
  attributes: z.exactOptional(attributeRecord),
  authTimeMs: z.int().check(z.minimum(0)),
  amr: nameList,
  acr: z.nullable(text),
  endsAtMs: z.int().check(z.minimum(0)),
});

/** What the issuer says of a session. Throws for anything else. */
export function parseSessionStanding(told: unknown): SessionStanding {
  return standing.parse(told);
}
