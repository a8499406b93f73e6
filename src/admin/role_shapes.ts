import * as z from "zod";
import { parseRoleId } from "../managing/role_rules.ts";
import type { RoleDraft } from "../managing/roles.ts";
import { isPermission, MAX_PERMISSION } from "../policy/permission.ts";
import type { Role } from "../ports/roles.ts";
import { distinct, isoTime, timeShape } from "./field_shapes.ts";

/** Roles as operators send and see them. */

/** No control or invisible characters: it is shown in lists. */
const LINE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

export const roleIdField = z
  .string()
  .refine(
    (text) => parseRoleId(text) !== null,
    "is no name of a role: letters, digits, `_`, `.` and `-`, a letter first",
  )
  .meta({ pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,63}$" });

const descriptionField = z
  .string()
  .max(200)
  .refine((text) => LINE.test(text), "has control or invisible characters")
  .meta({ pattern: LINE.source });
const permissionsField = distinct(
  z
    .string()
    .max(MAX_PERMISSION)
    .refine(isPermission, "is no permission: `type:action`, or `type:*`, in lower case")
    .meta({ pattern: "^[a-z][a-z0-9_-]{0,62}:([a-z][a-z0-9_-]{0,62}|\\*)$" }),
).describe("`document:read`; `document:*` is every action of that resource type.");
const inheritsField = distinct(roleIdField)
  .max(20)
  .describe("Roles whose permissions it has as well, with all that those inherit.");
const versionField = z.int().min(1).describe("The role's version as you have seen it. Another one is `conflict`.");

const fields = { description: descriptionField, permissions: permissionsField, inherits: inheritsField };
const draftFields = {
  description: descriptionField.default(""),
  permissions: permissionsField.default([]),
  inherits: inheritsField.default([]),
};

/** The body of `POST /roles`. */
export const newRoleBody = z.strictObject({ id: roleIdField, ...draftFields });

/** The body of `PUT /roles/{role_id}`: what is absent is empty from then on. */
export const roleBody = z
  .strictObject({ ...draftFields, version: versionField.optional() })
  .transform(({ version, ...draft }): RoleChange => ({ draft, version: version ?? null }));

/** The body of `PATCH /roles/{role_id}`. */
export const rolePatchBody = z
  .strictObject({
    description: fields.description.optional(),
    permissions: fields.permissions.optional(),
    inherits: fields.inherits.optional(),
    version: versionField.optional(),
  })
  .transform(({ version, ...draft }): RoleChange => ({ draft, version: version ?? null }));

interface RoleChange {
  readonly draft: { readonly [Name in keyof RoleDraft]?: RoleDraft[Name] | undefined };
  readonly version: number | null;
}

/** The query of `DELETE /roles/{role_id}`. */
export const roleDeletionQuery = z.strictObject({
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number)
    .optional()
    .meta({ type: "integer", minimum: 1, pattern: undefined, description: "As for a change." }),
});

/** A role in answers. */
export const roleShape = z.strictObject({
  id: z.string(),
  description: z.string(),
  permissions: z.array(z.string()),
  inherits: z.array(z.string()),
  version: z.int(),
  created_at: timeShape,
  updated_at: timeShape,
});

export const roleListShape = z.strictObject({ data: z.array(roleShape), next_cursor: z.string().nullable() });

export function showRole(role: Role): z.output<typeof roleShape> {
  return {
    id: role.id,
    description: role.description,
    permissions: [...role.permissions],
    inherits: [...role.inherits],
    version: role.version,
    created_at: isoTime(role.createdAtMs),
    updated_at: isoTime(role.updatedAtMs),
  };
}
