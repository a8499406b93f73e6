import * as z from "zod";
import { fromBase64url, fromUtf8, toBase64url, utf8 } from "../kernel/bytes.ts";
import { isTenant } from "../policy/tenant.ts";
import type { HolderFilter, RoleHolder } from "../ports/roles.ts";
import { SCOPE_TOKEN } from "../protocol/scope.ts";
import { isoTimeOrNull, momentField, pageQuery, timeShape } from "./field_shapes.ts";

/** Who has which role, as operators send and see it. */

const SUBJECT = /^(?:usr|cli|key)_[0-9A-Za-z]{22}$/;

const subjectField = z.string().regex(SUBJECT).describe("The id of a user, a client or an API key.");
const roleField = z.string().min(1).max(64).regex(SCOPE_TOKEN);
const tenantField = z
  .string()
  .refine(isTenant, "cannot name a tenant: up to 64 letters, digits, `.`, `_`, `~` and `-`, a letter or digit first")
  .meta({ pattern: "^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$" });

/** The body of `POST /assignments`. */
export const assignmentBody = z
  .strictObject({
    subject: subjectField,
    role: roleField.describe("A role that is defined."),
    tenant: tenantField.nullable().default(null).describe("Where alone it counts; null for everywhere."),
    until: momentField.nullable().prefault(null).describe("When it ends, in the future; null for never."),
  })
  .transform(({ until, ...holder }): RoleHolder => ({ ...holder, untilMs: until }));

/** The query of `GET /assignments`. */
export const assignmentListQuery = z.strictObject({
  ...pageQuery.shape,
  role: roleField.optional().describe("Those who have this role."),
  subject: subjectField.optional().describe("The roles of this user, client or API key."),
  tenant: z
    .union([z.literal("*"), tenantField])
    .optional()
    .describe("Those that count in this tenant alone; `*` is those that count everywhere."),
});

/** What `query` asks of a list. */
export function holderFilter({ role, subject, tenant }: z.output<typeof assignmentListQuery>): HolderFilter {
  return { role, subject, tenant: tenant === "*" ? null : tenant };
}

/** An assignment in answers. */
export const assignmentShape = z.strictObject({
  id: z.string().describe("Follows from subject, role and tenant."),
  subject: z.string(),
  role: z.string(),
  tenant: z.string().nullable(),
  until: timeShape.nullable(),
});

export const assignmentListShape = z.strictObject({
  data: z.array(assignmentShape),
  next_cursor: z.string().nullable(),
});

export function showAssignment(holder: RoleHolder): z.output<typeof assignmentShape> {
  const { subject, role, tenant, untilMs } = holder;
  return { id: assignmentId(holder), subject, role, tenant, until: isoTimeOrNull(untilMs) };
}

/** What an assignment is called: safe in a URL, and the same whenever the same is assigned. */
export function assignmentId({ subject, role, tenant }: RoleHolder): string {
  return toBase64url(utf8(`${subject} ${role} ${tenant ?? ""}`));
}

/** The assignment that `id` names, its end unknown; null for what names none. */
export function parseAssignmentId(id: string): RoleHolder | null {
  const bytes = id.length > 300 ? null : fromBase64url(id);
  const [subject = "", role = "", tenant, ...rest] = (bytes === null ? "" : (fromUtf8(bytes) ?? "")).split(" ");
  const isOne = SUBJECT.test(subject) && SCOPE_TOKEN.test(role) && role.length <= 64 && rest.length === 0;
  if (!isOne || tenant === undefined || !(tenant === "" || isTenant(tenant))) return null;
  return { subject, role, tenant: tenant === "" ? null : tenant, untilMs: null };
}
