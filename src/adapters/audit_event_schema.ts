import * as z from "zod/mini";
import { ACTOR_KINDS, type AuditEvent } from "../protocol/audit_event.ts";

/** Longer than anything that `decisionEvent` lets through. */
const text = z.string().check(z.maxLength(1_024));
const nullable = z.nullable(text);

const facts = {
  v: z.literal(1),
  id: text,
  atMs: z.int().check(z.minimum(0)),
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
  status: z.nullable(z.int()),
  rules: z.array(text).check(z.maxLength(64)),
  configHash: nullable,
});

const adminChange = z.strictObject({
  ...facts,
  kind: z.literal("admin_change"),
  target: nullable,
  outcome: z.enum(["attempted", "changed", "unchanged", "refused", "failed"]),
  changes: z.record(text, z.strictObject({ before: z.optional(z.unknown()), after: z.optional(z.unknown()) })),
});

const auditEvent = z.union([decision, adminChange]) satisfies z.ZodMiniType<AuditEvent>;

/** `value` as an event of the trail, or null: nothing that is not known by name is kept. */
export function parseAuditEvent(value: unknown): AuditEvent | null {
  const parsed = auditEvent.safeParse(value);
  return parsed.success ? parsed.data : null;
}
