import { CallRelations } from "../access/call_relations.ts";
import { RelationAnswers } from "../access/relation_answers.ts";
import type { RelationsOfCall } from "../access/route_action.ts";
import { D1RoleCandidates } from "../adapters/d1/role_candidates.ts";
import { D1TupleReader } from "../adapters/d1/tuple_reader.ts";
import { RELATIONS_DEADLINE_MS } from "../adapters/remote/remote.ts";
import { type Bindings, DeploymentFault, need } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { readRelations, relationFaults } from "../config/faults/relation.ts";
import { logEvent, logFault } from "../http/log.ts";
import { tellRelated, tellRelations } from "../issuing/relation_desk.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { Kept } from "../kernel/kept.ts";
import { orOutage } from "../kernel/outage.ts";
import type { RelationManagement } from "../managing/relations.ts";
import { sweepLeavers } from "../managing/sweep_relations.ts";
import type { RelationNames } from "../policy/relations/relation_names.ts";
import type { RelationSchema } from "../policy/relations/relation_schema.ts";
import type { AskedRelated, AskedRelations, IssuerReader, ToldRelated, ToldRelations } from "../ports/issuer_reader.ts";
import { issuerStores } from "./stores.ts";

/*
 * The wiring of relations: how a gate asks about them, and how the issuer answers beside the store.
 */

const NO_SCHEMA: RelationSchema = { types: new Map(), strata: 1, text: "{}" };

/**
 * The relations that `config` declares, as the issuer answers for them; none where it declares none. Throws `DeploymentFault` where they
 * mean nothing: then the issuer does not run the configuration, and gates are answered nothing by it.
 */
export function relationSchema(config: Pick<CompiledConfig, "policy">): RelationSchema {
  const relations = readRelations(config);
  if (relations === null) return NO_SCHEMA;
  if (relations.ok) return relations.value;
  const faults = relationFaults(config).map(({ path, reason }) => `${path}: ${reason}`);
  throw new DeploymentFault(`what relations mean cannot be read: ${faults.join("; ")}`);
}

/** What operators need to change relations. */
export function composeRelationManagement(
  bindings: Bindings,
  config: CompiledConfig,
): Pick<RelationManagement, "relations" | "relationSchema"> {
  return { relations: issuerStores(bindings).relations, relationSchema: relationSchema(config) };
}

/** Takes out the tuples of those who were deleted, a few at a time. Never throws. */
export function composeLeaverSweep(bindings: Bindings): (nowMs: number) => Promise<void> {
  const { relations, courier } = issuerStores(bindings);
  const swept = (rows: number) => logEvent("swept", { what: "relations", rows });
  const failed = (error: unknown) => logFault("sweep_failed", { what: "relations", error: faultText(error) });
  return (nowMs) => sweepLeavers({ relations, courier, swept, failed }, nowMs);
}

/** How the gate asks about relations of `schema`. Answers outlive a configuration that leaves the schema as it is. */
export function composeRelationsOfCall(
  { issuer }: Pick<CompiledConfig, "issuer">,
  schema: RelationNames,
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

/** What a search may find, beside D1. Throws `Outage`. */
export function answerRelated(bindings: Bindings, asked: AskedRelated): Promise<ToldRelated> {
  const overMs = Date.now() + RELATIONS_DEADLINE_MS;
  const db = need(bindings, "DB");
  const tuples = new D1TupleReader(db, () => Date.now() > overMs);
  const roles = new D1RoleCandidates(db, () => Date.now());
  return orOutage("relations", RELATIONS_DEADLINE_MS, () => tellRelated(asked, tuples, roles));
}

/** Answers a gate beside D1: the network is crossed once, however deep the question goes. Throws `Outage`. */
export function answerRelations(bindings: Bindings, asked: AskedRelations): Promise<ToldRelations> {
  const overMs = Date.now() + RELATIONS_DEADLINE_MS;
  const tuples = new D1TupleReader(need(bindings, "DB"), () => Date.now() > overMs);
  return orOutage("relations", RELATIONS_DEADLINE_MS, () => tellRelations(asked, tuples));
}
