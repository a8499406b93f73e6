import { err, ok } from "../../kernel/result.ts";
import { type DecisionFacts, NO_RELATIONS, type ResourceFacts } from "../../policy/decision_facts.ts";
import { subjectFacts } from "../../policy/subject_facts.ts";
import type { AskedAct } from "../../ports/explaining.ts";
import { CallRelations } from "../call_relations.ts";
import { settled } from "../settled.ts";
import { readAttributes } from "./asked_caller.ts";
import {
  denied,
  type Explaining,
  explainedCaller,
  explainedDecisions,
  explainedPermissions,
  type Outcome,
} from "./explained.ts";

/** What is decided on an action, without a call of the gateway: as for whoever asks by AuthZEN, and as at a route that demands nothing else. */
export async function explainAct(
  { action, properties, resource }: AskedAct,
  { parts, env, tenant, caller, relations, defer }: Explaining,
): Promise<Outcome> {
  const policy = parts.actions.get(action);
  if (policy === undefined)
    return err({ field: "action.name", reason: "is no action that the configuration declares" });
  const [type = "", name = ""] = action.split(":");
  const about = readResource(resource, type, parts.resources[type]?.attributes ?? {});
  if (!about.ok) return about;
  if (caller === null) return ok({ ...denied("unauthenticated"), action });
  const told = { ...denied(caller.refusal ?? ""), action, caller: explainedCaller(caller, tenant) };
  if (caller.refusal !== null) return ok(told);
  const { principal: who } = caller.credential;
  const principal = subjectFacts(who, parts.book, tenant);
  const view = { leastEpoch: () => 0 };
  const asked =
    relations &&
    new CallRelations(relations, { nowMs: env.nowMs, view, defer, atLeast: 0 }, principal, parts.ownIssuer);
  const facts: DecisionFacts = {
    principal,
    resource: about.value,
    action: { type, name, id: action },
    env,
    body: properties,
    relations: asked ?? NO_RELATIONS,
  };
  const step = await settled(policy, [facts], "whole", asked);
  if (typeof step === "string") throw new Error("everything was said, and nothing was decided");
  return ok({
    ...told,
    effect: step.effect,
    reason: step.effect === "allow" ? null : step.because,
    rules: step.rules,
    permissions: explainedPermissions(policy.permissions, principal.roles, parts),
    decisions: explainedDecisions(policy, [facts], "whole"),
    relations: relations?.explained ?? [],
  });
}

function readResource(
  resource: AskedAct["resource"],
  type: string,
  declared: Parameters<typeof readAttributes>[1],
): Outcome<ResourceFacts | null> {
  if (resource === null) return ok(null);
  if (resource.type !== type) return err({ field: "resource.type", reason: "is not the type that the action is of" });
  const attributes = readAttributes(resource.properties, declared, "resource.properties");
  return attributes.ok ? ok({ type, id: resource.id, attributes: attributes.value }) : attributes;
}
