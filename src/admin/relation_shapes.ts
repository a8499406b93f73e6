import * as z from "zod";
import { MOST_TUPLES } from "../managing/relations.ts";
import type { ResourceRef } from "../policy/decision_facts.ts";
import { consistencyToken } from "../policy/relations/revision.ts";
import {
  isRelationName,
  parseRef,
  parseSubject,
  type RelationSubject,
  type RelationTuple,
  refText,
  subjectText,
} from "../policy/relations/terms.ts";
import type { StoredTuple } from "../ports/relations.ts";
import { isoTime, pageQuery, timeShape } from "./field_shapes.ts";

/* Relations as they are written in JSON. */

/** A type of 32, a colon, and an id of 256. */
const MAX_REF = 289;
const MAX_SUBJECT = MAX_REF + 33;

/** A text that `parse` reads, as what it reads. */
function read<T>(parse: (text: string) => T | null, most: number, reason: string) {
  return z
    .string()
    .max(most)
    .transform((text, context): T => {
      const value = parse(text);
      if (value !== null) return value;
      context.addIssue({ code: "custom", message: reason });
      return z.NEVER;
    });
}

const ID_REASON = "with letters, digits and . _ ~ - % | + = in the id, 256 at most";

export const refField = read<ResourceRef>(parseRef, MAX_REF, `is not \`type:id\` ${ID_REASON}`);
export const subjectField = read<RelationSubject>(
  parseSubject,
  MAX_SUBJECT,
  `is not \`type:id\` nor \`type:id#relation\` ${ID_REASON}`,
);
export const relationField = z.string().max(32).refine(isRelationName, "is no name of a relation");
export const typeField = z.string().max(32).refine(isRelationName, "is no name of a type");
/** `user`, or `group#member`. */
export const subjectTypeField = read(
  (text) => {
    const [type = "", relation, ...more] = text.split("#");
    const isTerm = isRelationName(type) && (relation === undefined || isRelationName(relation)) && more.length === 0;
    return isTerm ? { type, relation: relation ?? null } : null;
  },
  65,
  "is not `type` nor `type#relation`",
);

const tupleFields = { object: refField, relation: relationField, subject: subjectField };

export const relationChangeBody = z.strictObject({
  writes: z.array(z.strictObject(tupleFields)).max(MOST_TUPLES).default([]),
  deletes: z.array(z.strictObject(tupleFields)).max(MOST_TUPLES).default([]),
  preconditions: z
    .array(z.strictObject({ ...tupleFields, present: z.boolean() }))
    .max(MOST_TUPLES)
    .default([]),
});

const listedFields = {
  object: refField.optional(),
  object_type: typeField.optional(),
  relation: relationField.optional(),
  subject: subjectField.optional(),
};

export const relationListQuery = pageQuery.extend({
  ...listedFields,
  cursor: z.string().min(1).max(1_200).optional().describe("`next_cursor` of the page before."),
});
export const relationDeletionQuery = z.strictObject(listedFields);
export const relationCheckQuery = z.strictObject(tupleFields);
export const relationNodeQuery = z.strictObject({ object: refField, relation: relationField });
export const objectListQuery = pageQuery.extend({
  object_type: typeField,
  relation: relationField,
  subject: subjectField,
  cursor: z.string().max(MAX_SUBJECT).optional().describe("`next_cursor` of the page before."),
});
export const subjectListQuery = pageQuery.extend({
  object: refField,
  relation: relationField,
  subject_type: subjectTypeField,
  cursor: z.string().max(MAX_SUBJECT).optional().describe("`next_cursor` of the page before."),
});

const token = z.string().describe("A check that names it knows of everything up to here.");
const tupleShape = z.object({ object: z.string(), relation: z.string(), subject: z.string() });

export const relationChangeShape = z.object({ consistency_token: token });
export const relationDeletionShape = z.object({
  deleted: z.int(),
  more: z.boolean().describe("There are more of them: ask again."),
  consistency_token: token,
});
export const relationListShape = z.object({
  data: z.array(tupleShape.extend({ created_at: timeShape })),
  next_cursor: z.string().nullable(),
});
export const relationCheckShape = z.object({
  allowed: z.boolean(),
  undecided: z.boolean().describe("Deeper or wider than the bounds: whoever asks at the gate is refused."),
  path: z.array(tupleShape).describe("The tuples that together grant it."),
  consistency_token: token,
});
export const relationExpansionShape = z.object({
  tree: z.looseObject({ kind: z.enum(["direct", "same", "through", "or", "and", "but_not"]) }),
  truncated: z.boolean(),
  consistency_token: token,
});
export const relatedListShape = z.object({
  data: z.array(z.string()),
  next_cursor: z.string().nullable(),
  truncated: z.boolean().describe("There may be more that were not looked for."),
  consistency_token: token,
});

export function showTuple({ object, relation, subject }: RelationTuple) {
  return { object: refText(object), relation, subject: subjectText(subject) };
}

export function showStoredTuple(tuple: StoredTuple) {
  return { ...showTuple(tuple), created_at: isoTime(tuple.createdAtMs) };
}

export function showRevision({ revision }: { readonly revision: number }) {
  return { consistency_token: consistencyToken(revision) };
}
