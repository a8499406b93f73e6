import * as z from "zod/mini";
import type { HeldAttributes } from "../protocol/attribute_values.ts";
import type { RoleAssignment } from "../protocol/holdings.ts";

/* What subjects hold, as stores keep it and Workers tell it. The bounds are ten times those that operators are held to. */
const MOST = 1_000;

/** Roles, scopes and the like. */
export const nameList: z.ZodMiniType<readonly string[]> = z
  .array(z.string().check(z.maxLength(MOST)))
  .check(z.maxLength(MOST));
const assignment = z.strictObject({
  role: z.string(),
  tenant: z.nullable(z.string()),
  untilMs: z.nullable(z.number()),
});
const item = z.union([z.string(), z.number(), z.boolean()]);

export const assignmentList: z.ZodMiniType<readonly RoleAssignment[]> = z.array(assignment).check(z.maxLength(MOST));
export const attributeRecord: z.ZodMiniType<HeldAttributes> = z
  .record(z.string(), z.union([item, z.array(item).check(z.maxLength(MOST))]))
  .check(z.refine((held) => Object.keys(held).length <= MOST));

const assignmentRow = z.object({ role: z.string(), tenant: z.nullable(z.string()), until: z.nullable(z.number()) });

/** The columns `assignments` and `attributes`. */
export const holdingColumns = {
  assignments: z.pipe(
    z.string(),
    z.transform((text) =>
      z
        .array(assignmentRow)
        .parse(JSON.parse(text))
        .map(({ role, tenant, until }): RoleAssignment => ({ role, tenant, untilMs: until })),
    ),
  ),
  attributes: z.pipe(
    z.string(),
    z.transform((text) => attributeRecord.parse(JSON.parse(text))),
  ),
};

/** `assignments` as its column keeps them: the names that the schema's triggers read. */
export function assignmentColumn(assignments: readonly RoleAssignment[]): string {
  return JSON.stringify(assignments.map(({ role, tenant, untilMs }) => ({ role, tenant, until: untilMs })));
}
