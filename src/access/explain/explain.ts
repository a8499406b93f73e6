import { err } from "../../kernel/result.ts";
import { CONTEXT_FACTS, type ContextFact } from "../../policy/context_fact.ts";
import { isTenant } from "../../policy/tenant.ts";
import type { Defer } from "../../ports/edge_feed.ts";
import type { ExplainQuestion } from "../../ports/explaining.ts";
import { askedEnvironment } from "../authzen/asked_environment.ts";
import type { RightsGate } from "../gate.ts";
import { askedCaller } from "./asked_caller.ts";
import { explainAct } from "./explain_act.ts";
import type { ExplainParts } from "./explain_parts.ts";
import { explainRequest } from "./explain_request.ts";
import type { Outcome } from "./explained.ts";
import { RecordedRelations } from "./recorded_relations.ts";

/** An operator is believed whatever it says. */
const BELIEVED: ReadonlySet<ContextFact> = new Set(CONTEXT_FACTS);
const CONTEXT: ReadonlySet<string> = new Set([...BELIEVED, "tenant"]);

/**
 * Explanations of decisions: what would be decided, by the same code as at the gate, and every part of it with its value. Owns how questions are read and how
 * what was decided is told; refuses to decide anything itself, and to take a secret for an answer.
 *
 * Explains `question` by one configuration. Throws `Outage`.
 */
export async function explain(
  { caller: asked, about, context }: ExplainQuestion,
  parts: ExplainParts,
  nowMs: number,
  defer: Defer,
): Promise<Outcome> {
  if (Object.keys(context).some((name) => !CONTEXT.has(name))) {
    return err({ field: "context", reason: `can say ${[...CONTEXT].join(", ")}, and nothing else` });
  }
  const env = askedEnvironment(context, BELIEVED, nowMs);
  if (env === null) return err({ field: "context", reason: "has a value that cannot be read" });
  const { tenant = null } = context;
  if (tenant !== null && (typeof tenant !== "string" || !isTenant(tenant))) {
    return err({ field: "context.tenant", reason: "can name no tenant" });
  }
  const caller = await askedCaller(asked, env, parts);
  if (!caller.ok) return caller;
  const relations = parts.relations && new RecordedRelations(parts.relations.schema, parts.relations.tuples);
  const explaining = { parts, env, tenant, caller: caller.value, relations, gate: gateOf(parts), defer };
  return about.kind === "request" ? explainRequest(about, context, explaining) : explainAct(about, explaining);
}

/** Nothing of the question was ever revoked: it is no credential. */
function gateOf({ book, issuers }: ExplainParts): RightsGate {
  const view = { leastEpoch: () => 0 };
  return {
    roles: { at: () => book },
    revocations: { view: async () => view, expire: () => undefined },
    issuers,
  };
}
