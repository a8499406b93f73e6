import { CallRelations } from "./access/call_relations.ts";
import { RelationAnswers } from "./access/relation_answers.ts";
import { D1TupleReader } from "./adapters/d1_tuple_reader.ts";
import { RELATIONS_DEADLINE_MS } from "./adapters/remote.ts";
import { type Bindings, need } from "./bindings.ts";
import type { CompiledConfig } from "./config/compile.ts";
import { tellRelations } from "./issuing/relation_desk.ts";
import type { Kept } from "./kernel/kept.ts";
import { orOutage } from "./kernel/outage.ts";
import type { SubjectFacts } from "./policy/decision_facts.ts";
import type { RelationSchema } from "./policy/relations/relation_schema.ts";
import type { AskedRelations, IssuerReader, ToldRelations } from "./ports/issuer_reader.ts";
import type { RelationCall } from "./ports/relation_facts.ts";

/*
 * The wiring of relations: how a gate asks about them, and how the issuer answers beside the store.
 */

/** What relations one call may ask about, as rules see them. */
export type RelationsOfCall = (
  principal: Pick<SubjectFacts, "kind" | "id" | "issuer">,
  call: RelationCall,
) => CallRelations;

/** How the gate asks about relations of `schema`. Answers outlive a configuration that leaves the schema as it is. */
export function composeRelationsOfCall(
  { issuer }: Pick<CompiledConfig, "issuer">,
  schema: RelationSchema,
  reader: Pick<IssuerReader, "checkRelations">,
  kept: Kept,
): RelationsOfCall {
  const answers = kept.keep(
    "relations",
    schema.text,
    () => new RelationAnswers(schema, (checks) => reader.checkRelations({ schema: schema.text, checks })),
  );
  return (principal, call) => new CallRelations(answers, call, principal, issuer.url);
}

/** Answers a gate beside D1: the network is crossed once, however deep the question goes. Throws `Outage`. */
export function answerRelations(bindings: Bindings, asked: AskedRelations): Promise<ToldRelations> {
  const overMs = Date.now() + RELATIONS_DEADLINE_MS;
  const tuples = new D1TupleReader(need(bindings, "DB"), () => Date.now() > overMs);
  return orOutage("relations", RELATIONS_DEADLINE_MS, () => tellRelations(asked, tuples));
}
