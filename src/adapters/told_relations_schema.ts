import * as z from "zod/mini";
import { MAX_CHECKS } from "../policy/relations/check.ts";
import { NODE_BUCKETS } from "../policy/relations/node.ts";
import { isRelationId } from "../policy/relations/terms.ts";
import type { AskedRelated, ToldRelated, ToldRelations } from "../ports/issuer_reader.ts";

const told = z.strictObject({
  revision: z.int().check(z.minimum(0)),
  findings: z
    .array(
      z.strictObject({
        answer: z.union([z.boolean(), z.literal("undecided")]),
        reads: z.nullable(z.array(z.int().check(z.minimum(0), z.maximum(NODE_BUCKETS - 1))).check(z.maxLength(64))),
      }),
    )
    .check(z.maxLength(MAX_CHECKS)),
});

const related = z.strictObject({
  ids: z.array(z.string().check(z.refine(isRelationId))).check(z.maxLength(1_000)),
  isLast: z.boolean(),
  isWhole: z.boolean(),
});

/** What the issuer says that tuples connect. Throws for anything else, also for what is not what was asked for, in its order. */
export function parseToldRelated({ after, limit }: AskedRelated, answer: unknown): ToldRelated {
  const told = related.parse(answer);
  const { ids } = told;
  const isAnswer = ids.length <= limit && ids.every((id, at) => id > (ids[at - 1] ?? after ?? ""));
  if (!isAnswer) throw new TypeError("candidates that nobody asked for");
  return told;
}

/** What the issuer says of relations. Throws for anything else. */
export function parseToldRelations(answer: unknown): ToldRelations {
  return told.parse(answer);
}
