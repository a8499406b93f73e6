import type { CredentialEntry } from "../../src/access/credential_entry.ts";
import { type ActionTrace, decide } from "../../src/access/decide.ts";
import type { Call, Gate, GateRoute } from "../../src/access/gate.ts";
import type { RouteAction } from "../../src/access/route_action.ts";
import type { RuleOutcome } from "../../src/policy/action_policy.ts";
import type { DecisionFacts } from "../../src/policy/decision_facts.ts";
import type { Place, ResourceReading } from "../../src/policy/resource_reading.ts";
import type { RoleBook } from "../../src/policy/role_book.ts";
import { actionPolicy, NOW_MS, ruleOf } from "./decisions.ts";

/* A call that asks for an action, put together from what a test has to say of it. */

export const TRUE: RuleOutcome = { kind: "true" };
export const FALSE: RuleOutcome = { kind: "false" };
export const READING: ResourceReading = {
  idType: "string",
  ids: [{ from: "path", segment: 1 }],
  most: 100,
  attributes: [],
  readsBody: false,
};
export const BODY_ID: Place = { from: "body", steps: ["id"] };
export const IN_THE_BODY: ResourceReading = { ...READING, ids: [BODY_ID], readsBody: true };

export function rule(evaluate: (facts: DecisionFacts) => RuleOutcome, more = {}) {
  return ruleOf(FALSE, { expression: { evaluate, failedCondition: () => null }, ...more });
}

export function routeAction(changes: Partial<RouteAction> = {}): RouteAction {
  return {
    action: { type: "document", name: "read", id: "document:read" },
    policy: actionPolicy([ruleOf(TRUE)]),
    asksPermissions: false,
    resource: READING,
    metadata: null,
    early: null,
    external: null,
    relations: null,
    bodyDepth: null,
    hidesResources: false,
    ...changes,
  };
}

export interface World {
  readonly kind?: "user" | "client" | "api_key";
  readonly isOwn?: boolean;
  readonly signIn?: CredentialEntry["signIn"];
  readonly book?: RoleBook | null;
  readonly nowMs?: number;
  readonly path?: readonly string[];
  readonly body?: unknown;
  readonly phase?: "before_body" | "whole";
  readonly consistency?: string;
}

export async function decideOn(action: RouteAction, world: World = {}) {
  const { kind = "user", isOwn = true, signIn, book = null, nowMs = NOW_MS, path = ["documents", "1"] } = world;
  const issuer = "https://id.test";
  const who = { v: 1, id: "usr_1", scopes: [], roles: ["clerk"] } as const;
  const principal =
    kind === "api_key"
      ? ({ ...who, kind, publishable: false } as const)
      : ({ ...who, kind, issuer, clientId: "cli_1" } as const);
  const credential: CredentialEntry = {
    principal,
    credentialId: "c",
    expiresAtMs: null,
    identities: new Map(),
    signIn,
  };
  const call = {
    segments: path,
    search: "",
    nowMs,
    exactAddress: "198.51.100.7",
    header: (name: string) => (name === "sallyport-consistency" ? (world.consistency ?? null) : null),
    edge: () => ({ asn: null, country: null, position: null }),
    defer: (work: Promise<unknown>) => void work.catch(() => undefined),
  };
  const gate = {
    issuers: new Map([[issuer, { issuer, audience: "a", clockSkewSeconds: 0, isOwn }]]),
    roles: { at: () => book },
    revocations: { view: () => ({ leastEpoch: () => 0 }) },
  };
  const route = { id: "r", tenant: null, toleratedStalenessMs: 0 };
  const trace: ActionTrace = { rules: ["any_principal"], failures: null };
  const input = { phase: world.phase ?? "whole", body: world.body, resources: null } as const;
  const made = decide(
    route as unknown as GateRoute,
    action,
    credential,
    call as unknown as Call,
    gate as unknown as Gate,
    input,
    trace,
  );
  const decided = await made;
  return {
    /** Whether it was waited for. */
    waited: made instanceof Promise,
    outcome: decided.ok ? "allowed" : decided.error.reason,
    error: decided.ok ? null : decided.error,
    trace,
    decided,
  };
}
