import * as z from "zod";
import { ACTOR_KINDS, type AuditEvent } from "../protocol/audit_event.ts";

/** Longer than anything that `decisionEvent` lets through. */
const text = z.string().max(1_024);
const nullable = text.nullable();

const facts = {
  v: z.literal(1),
  id: text,
  atMs: z.int().min(0),
  requestId: text,
  actor: z.strictObject({
    kind: z.enum(ACTOR_KINDS),
    id: nullable,
    issuer: nullable,
    clientId: nullable,
    credentialId: nullable,
    address: nullable,
  }),
  action: text,
  reason: nullable,
};

const decision = z.strictObject({
  ...facts,
  kind: z.enum(["decision", "key_use"]),
  target: text,
  route: text,
  outcome: z.enum(["allowed", "denied"]),
  status: z.int().nullable(),
  rules: z.array(text).max(64),
  configHash: nullable,
});

const adminChange = z.strictObject({
  ...facts,
  kind: z.literal("admin_change"),
  target: nullable,
  outcome: z.enum(["attempted", "changed", "unchanged", "refused", "failed"]),
  changes: z.record(text, z.strictObject({ before: z.unknown().optional(), after: z.unknown().optional() })),
});

const auditEvent = z.union([decision, adminChange]) satisfies z.ZodType<AuditEvent>;

/** `value` as an event of the trail, or null: nothing that is not known by name is kept. */
export function parseAuditEvent(value: unknown): AuditEvent | null {
  const parsed = auditEvent.safeParse(value);
  return parsed.success ? parsed.data : null;
}
