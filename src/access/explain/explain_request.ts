import { readExactJson } from "../../kernel/exact_json.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { DecisionPhase } from "../../policy/action_policy.ts";
import type { DecisionFacts } from "../../policy/decision_facts.ts";
import { rolesIn } from "../../policy/subject_roles.ts";
import { tenantOf } from "../../policy/tenant.ts";
import type { AskedRequest } from "../../ports/explaining.ts";
import type { MetadataAnswer } from "../../ports/resource_metadata.ts";
import type { JsonObject } from "../../protocol/authzen/question.ts";
import { authorize } from "../authorize.ts";
import { CallRelations } from "../call_relations.ts";
import { decide } from "../decide.ts";
import type { Call } from "../gate.ts";
import type { Refusal } from "../refusal.ts";
import { decidesByBody, type RouteAction } from "../route_action.ts";
import { askedCall } from "./asked_call.ts";
import { readAttributes, type ToldCaller } from "./asked_caller.ts";
import type { ExplainableRoute, ExplainParts } from "./explain_parts.ts";
import {
  denied,
  type Explained,
  type Explaining,
  explainedCaller,
  explainedDecisions,
  explainedPermissions,
  type Outcome,
} from "./explained.ts";

const NOT_ASKED = "lists, signals, challenges, limits and contracts of the route are not asked here";
const NOT_TOLD = "the resource's origin is not asked here: `resource.properties` can say what it would";
const OTHERS = "a decision point of others has a say in the action, and is not asked here";
const NO_BODY = "the decision waits for the body, and none was told";

/** What the gate would decide on a call, from its route on. */
export async function explainRequest(
  asked: AskedRequest,
  context: JsonObject,
  explaining: Explaining,
): Promise<Outcome> {
  const { parts, env, caller, defer } = explaining;
  for (const name of ["deviceType", "clientType", "tenant"]) {
    if (Object.hasOwn(context, name)) {
      return err({
        field: `context.${name}`,
        reason: "is read from the request itself: from its path, or `user-agent`",
      });
    }
  }
  const read = askedCall(asked, env, defer);
  if (!read.ok) return read;
  if ("refusal" in read.value) return ok(denied(read.value.refusal));
  const { call } = read.value;
  const match = parts.routes.match(call.method, call.segments);
  if (match.kind !== "matched") return ok(denied(match.kind === "not_found" ? "no_route" : "no_method"));
  const { route } = match;
  const notes = route.hasMore ? [NOT_ASKED] : [];
  const told = { ...denied("past_sunset"), route: route.told, notes };
  if (route.deprecation !== null && route.deprecation.sunsetMs <= call.nowMs) return ok(told);
  if (route.isPublic) return ok({ ...told, effect: "allow", reason: null });
  if (caller === null) return ok({ ...told, reason: "unauthenticated" });
  const closed = caller.refusal ?? kindFault(route, caller);
  const tenant = tenantOf(route.tenant, call.segments);
  const known = { ...told, ...demands(route, caller, tenant, parts) };
  if (closed !== null) return ok({ ...known, reason: closed });
  return explainRights(asked, route, call, caller, known, explaining);
}

/** Why nobody of this kind opens the route. */
function kindFault({ credentials }: ExplainableRoute, { credential: { principal } }: ToldCaller): string | null {
  if (principal.kind !== "api_key") {
    const isTaken = credentials.includes("bearer") || (principal.kind === "user" && credentials.includes("session"));
    return isTaken ? null : "bearer_not_taken_here";
  }
  const needed = principal.publishable ? "publishable_key" : "secret_key";
  return credentials.includes(needed) ? null : `${needed}_not_taken_here`;
}

function demands(route: ExplainableRoute, caller: ToldCaller, tenant: string | null, parts: ExplainParts) {
  const { principal } = caller.credential;
  const roles = rolesIn(principal, tenant);
  const permissions = [...(route.permissions ?? []), ...(route.action?.policy.permissions ?? [])];
  return {
    caller: explainedCaller(caller, tenant),
    scopes: route.rule.scopes.map((scope) => ({ scope, held: principal.scopes.includes(scope) })),
    roles: route.rule.roles.map((role) => ({ role, held: roles.includes(role) })),
    permissions: explainedPermissions(permissions, roles, parts),
    action: route.action?.action.id ?? null,
  };
}

/** The gate's own decision, and what it was made of. */
async function explainRights(
  asked: AskedRequest,
  route: ExplainableRoute,
  call: Call,
  { credential }: ToldCaller,
  known: Explained,
  { parts, relations, gate }: Explaining,
): Promise<Outcome> {
  const told = toldResources(asked, route.action, parts);
  if (!told.ok) return told;
  const body = readBody(asked.body, route.action);
  if (!body.ok) return body;
  const made: { facts: readonly DecisionFacts[]; phase: DecisionPhase } = { facts: [], phase: "whole" };
  const trace = {
    rules: [] as readonly string[],
    failures: null,
    explains: (facts: readonly DecisionFacts[], phase: DecisionPhase) => Object.assign(made, { facts, phase }),
  };
  const action: RouteAction | null = route.action && {
    ...route.action,
    metadata: route.action.metadata && told.value,
    relations:
      route.action.relations &&
      relations &&
      ((principal, relationCall) => new CallRelations(relations, relationCall, principal, parts.ownIssuer)),
  };
  const asWired = { ...route, action };
  const first = await authorize(asWired, credential, call, gate, null, trace);
  const later =
    first.ok && action !== null && decidesByBody(action)
      ? await decide(
          asWired,
          action,
          credential,
          call,
          gate,
          { phase: "whole", body: body.value, resources: null },
          trace,
        )
      : first;
  const refusal: Refusal | null = later.ok ? null : later.error;
  return ok({
    ...known,
    effect: refusal === null ? "allow" : "deny",
    reason: refusal === null ? null : refusal.reason,
    rules: trace.rules,
    decisions: action === null ? [] : explainedDecisions(action.policy, made.facts, made.phase),
    relations: relations?.explained ?? [],
    notes: [
      ...known.notes,
      ...(action?.metadata !== null && action !== null && asked.told.length === 0 ? [NOT_TOLD] : []),
      ...(action !== null && action.external !== null ? [OTHERS] : []),
      ...(decidesByBody(action) && asked.body === undefined ? [NO_BODY] : []),
    ],
  });
}

/** What the question says in the place of the resource's origin. */
function toldResources(
  { told }: AskedRequest,
  action: RouteAction | null,
  { resources }: ExplainParts,
): Outcome<RouteAction["metadata"]> {
  const declared = resources[action?.action.type ?? ""]?.attributes ?? {};
  const byId = new Map<string | null, MetadataAnswer>();
  for (const { id, properties } of told) {
    const attributes = readAttributes(properties, declared, "resource.properties");
    if (!attributes.ok) return attributes;
    byId.set(id, { kind: "found", attributes: attributes.value });
  }
  if (told.length > 0 && action?.metadata == null) {
    const reason = "are what an origin would say, and no origin is asked about resources of this route";
    return err({ field: "resource.properties", reason });
  }
  const nothing: MetadataAnswer = { kind: "found", attributes: {} };
  const known = (id: string) => byId.get(id) ?? byId.get(null) ?? nothing;
  return ok({ goesOnWithout: true, cache: { known, fetch: async (id) => known(id) } });
}

/** The body as the gate would read it. */
function readBody(body: unknown, action: RouteAction | null): Result<unknown, { field: string; reason: string }> {
  if (body === undefined || action === null || action.bodyDepth === null) return ok(undefined);
  const read = readExactJson(JSON.stringify(body), { maxDepth: action.bodyDepth, strict: true });
  return read.ok ? read : err({ field: "request.body", reason: `the gate would not read it: ${read.error}` });
}
