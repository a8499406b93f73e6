import * as z from "zod";
import type { Holdings } from "../protocol/holdings.ts";
import { SCOPE_TOKEN } from "../protocol/scope.ts";

/** Fields that several objects share, as they are written in JSON. Sizes are bounds on memory, not tastes. */
const MOST_ITEMS = 100;

/** Text for people: one line, and nothing invisible (Cc, Cf: direction overrides too) that would show another name than is there. */
const LINE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** The name that operators give an object. */
export const nameField = z
  .string()
  .min(1)
  .max(100)
  .refine((name) => LINE.test(name), "has control or invisible characters")
  .meta({ pattern: LINE.source, description: "For people: one line of visible characters, need not be unique." });

/** A list in which nothing stands twice. */
export function distinct<Item extends z.ZodType<string>>(item: Item) {
  return z
    .array(item)
    .max(MOST_ITEMS)
    .superRefine((items, context) => {
      items.forEach((value, at) => {
        if (items.indexOf(value) < at) context.addIssue({ code: "custom", path: [at], message: "is repeated" });
      });
    })
    .meta({ uniqueItems: true });
}

/** Scope tokens (RFC 6749 §3.3). */
export const scopesField = distinct(z.string().max(128).regex(SCOPE_TOKEN));

/** Names of roles, which travel in tokens: visible ASCII. */
export const rolesField = distinct(z.string().min(1).max(64).regex(SCOPE_TOKEN));

/** A list of some of `values`. */
export function choicesField<const Values extends readonly [string, ...string[]]>(values: Values) {
  return distinct(z.enum(values));
}

/** A moment in ISO 8601 with its offset, as Unix milliseconds. */
export const momentField = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** `ms` (Unix milliseconds) as ISO 8601 in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** `ms` as ISO 8601 in UTC, or null. */
export function isoTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** Times in answers. */
export const timeShape = z.iso.datetime();

/** The query of a list: how many items, and where the last page ended. */
export const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .transform(Number)
    .pipe(z.int().max(100))
    .default(20)
    .meta({ type: "integer", minimum: 1, maximum: 100, pattern: undefined, description: "20 when absent." }),
  cursor: z.string().min(1).max(200).optional().describe("`next_cursor` of the page before."),
});

const attributeItem = z.union([z.string().max(256), z.number(), z.boolean()]);

/** Attributes that `policy.principal` of the configuration declares, by their types. */
export const attributesField = z
  .record(z.string().min(1).max(64), z.union([attributeItem, z.array(attributeItem).max(32)]))
  .refine((given) => Object.keys(given).length <= 32, "has more than 32 members")
  .describe("Replaces the whole of them. Those that `policy.principal` declares, of its types; tokens carry them.");

/** What subjects hold beside their roles, in answers. */
export const holdingShapes = {
  assignments: z
    .array(z.strictObject({ role: z.string(), tenant: z.string().nullable(), until: timeShape.nullable() }))
    .describe("Roles in one tenant alone, or until a moment: `/assignments` changes them."),
  attributes: z.record(z.string(), z.union([attributeItem, z.array(attributeItem)])),
};

/** `held` as JSON. */
export function showHoldings({ assignments, attributes }: Holdings) {
  return {
    assignments: assignments.map(({ role, tenant, untilMs }) => ({ role, tenant, until: isoTimeOrNull(untilMs) })),
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, typeof value === "object" ? [...value] : value]),
    ),
  };
}
