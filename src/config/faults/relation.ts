import type { Result } from "../../kernel/result.ts";
import type { SchemaFault } from "../../policy/relations/draft.ts";
import { compileRelations, type RelationSchema } from "../../policy/relations/relation_schema.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";

type WithRelations = Pick<Config, "policy">;

/** What the relations of `policy` mean, or what is wrong with them; null where there are none. For whoever answers for them: the issuer. */
export function readRelations({ policy }: WithRelations): Result<RelationSchema, readonly SchemaFault[]> | null {
  const written = policy?.relations ?? {};
  return Object.keys(written).length === 0 ? null : compileRelations(written);
}

/** What is wrong with the relations of `policy`. */
export function relationFaults(config: WithRelations): ConfigFault[] {
  const relations = readRelations(config);
  if (relations === null || relations.ok) return [];
  return relations.error.map(({ at, reason }) => ({
    path: at === "" ? "policy.relations" : `policy.relations.${at}`,
    reason,
  }));
}
