import * as z from "zod/mini";
import type { SubjectRecord } from "../ports/issuer_reader.ts";
import { assignmentList, attributeRecord, nameList } from "./holdings_schema.ts";

const subjects = z.array(
  z.nullable(
    z.strictObject({
      id: z.string(),
      scopes: nameList,
      roles: nameList,
      assignments: assignmentList,
      attributes: attributeRecord,
      disabled: z.boolean(),
      expiresAtMs: z.nullable(z.number()),
    }),
  ),
);

/** What the issuer says of the subjects called `ids`. Throws for anything else, also for an answer about others. */
export function parseSubjects(ids: readonly string[], told: unknown): readonly (SubjectRecord | null)[] {
  const found = subjects.parse(told);
  const isAnswer = found.length === ids.length && found.every((one, at) => one === null || one.id === ids[at]);
  if (!isAnswer) throw new TypeError("subjects that nobody asked about");
  return found;
}
