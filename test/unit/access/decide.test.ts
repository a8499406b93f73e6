// Long because one call is put together once, and each kind of fact is asked about it.
import { describe, expect, it, vi } from "vitest";
import type { CredentialEntry } from "../../../src/access/credential_entry.ts";
import { type ActionTrace, decide } from "../../../src/access/decide.ts";
import type { Call, Gate, GateRoute } from "../../../src/access/gate.ts";
import { MetadataCache } from "../../../src/access/metadata_cache.ts";
import type { FetchedRelations, RouteAction } from "../../../src/access/route_action.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { RuleOutcome } from "../../../src/policy/action_policy.ts";
import type { DecisionFacts, RelationCheck } from "../../../src/policy/decision_facts.ts";
import type { Place, ResourceReading } from "../../../src/policy/resource_reading.ts";
import { RoleBook } from "../../../src/policy/role_book.ts";
import type { RelationCall } from "../../../src/ports/relation_facts.ts";
import type { MetadataAnswer } from "../../../src/ports/resource_metadata.ts";
import { actionPolicy, NOW_MS, ruleOf } from "../../support/decisions.ts";

const TRUE: RuleOutcome = { kind: "true" };
const FALSE: RuleOutcome = { kind: "false" };
const READING: ResourceReading = {
  idType: "string",
  ids: [{ from: "path", segment: 1 }],
  attributes: [],
  readsBody: false,
};
const BODY_ID: Place = { from: "body", steps: ["id"] };
const IN_THE_BODY: ResourceReading = { ...READING, ids: [BODY_ID], readsBody: true };

function rule(evaluate: (facts: DecisionFacts) => RuleOutcome, more = {}) {
  return ruleOf(FALSE, { expression: { evaluate, failedCondition: () => null }, ...more });
}

function routeAction(changes: Partial<RouteAction> = {}): RouteAction {
  return {
    action: { type: "document", name: "read", id: "document:read" },
    policy: actionPolicy([ruleOf(TRUE)]),
    asksPermissions: false,
    resource: READING,
    metadata: null,
    external: null,
    relations: null,
    bodyDepth: null,
    hidesResources: false,
    ...changes,
  };
}

interface World {
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

async function decideOn(action: RouteAction, world: World = {}) {
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
    revocations: { view: async () => ({ leastEpoch: () => 0 }) },
  };
  const route = { id: "r", tenant: null, toleratedStalenessMs: 0 };
  const trace: ActionTrace = { rules: ["any_principal"], failures: null };
  const input = { phase: world.phase ?? "whole", body: world.body, resources: null } as const;
  const decided = await decide(
    route as unknown as GateRoute,
    action,
    credential,
    call as unknown as Call,
    gate as unknown as Gate,
    input,
    trace,
  );
  return {
    outcome: decided.ok ? "allowed" : decided.error.reason,
    error: decided.ok ? null : decided.error,
    trace,
    decided,
  };
}

describe("the decision on an action", () => {
  it("names the rules that made it", async () => {
    const allowed = await decideOn(routeAction());
    expect(allowed.decided).toEqual({ ok: true, value: [{ id: "1", attributes: {} }] });
    expect(allowed.trace.rules).toEqual(["rule"]);
    const deny = ruleOf(TRUE, { id: "no", effect: "deny" });
    const denied = await decideOn(routeAction({ policy: actionPolicy([ruleOf(TRUE), deny]) }));
    expect([denied.error, denied.trace.rules]).toEqual([
      { kind: "denied", reason: "rule_denied", isHidden: false },
      ["no"],
    ]);
  });

  it("a rule that fails denies, and the log hears why", async () => {
    const failing = ruleOf({ kind: "error", message: "resource.owner is not known" });
    const { outcome, trace } = await decideOn(routeAction({ policy: actionPolicy([failing]) }));
    expect([outcome, trace.failures]).toEqual([
      "rule_failed",
      [{ rule: "rule", message: "resource.owner is not known" }],
    ]);
  });

  it("permissions come first: without them nothing is fetched, and no body asked for", async () => {
    const fetched = vi.fn();
    const metadata = { cache: new MetadataCache({ fetch: fetched }, 1_000), goesOnWithout: false };
    const book = new RoleBook(1, []);
    const policy = actionPolicy([ruleOf(TRUE)], ["document:read"]);
    const action = routeAction({ policy, asksPermissions: true, metadata });
    expect((await decideOn(action, { book })).error).toMatchObject({
      kind: "permission_missing",
      missing: ["document:read"],
    });
    const late = routeAction({ policy, asksPermissions: true, resource: IN_THE_BODY, bodyDepth: 8 });
    expect((await decideOn(late, { book, phase: "before_body" })).outcome).toBe("permission_missing");
    expect(fetched).not.toHaveBeenCalled();
    const clerks = new RoleBook(2, [{ id: "clerk", permissions: ["document:read"], includes: [] }]);
    expect((await decideOn(late, { book: clerks, phase: "before_body" })).outcome).toBe("allowed");
  });

  it("without a book of roles nobody is decided on where permissions are asked for", async () => {
    const action = routeAction({ asksPermissions: true });
    expect((await decideOn(action, { book: null })).error).toEqual({
      kind: "unavailable",
      reason: "role_book_unavailable",
    });
  });

  it("what the body names is decided on with the body, all of it", async () => {
    const own = rule(({ resource }) => (resource?.id === "1" ? TRUE : FALSE), { needsResource: true });
    const action = routeAction({ policy: actionPolicy([own]), resource: IN_THE_BODY, bodyDepth: 8 });
    expect((await decideOn(action, { phase: "before_body" })).decided).toEqual({ ok: true, value: null });
    expect((await decideOn(action, { body: { id: "1" } })).outcome).toBe("allowed");
    expect((await decideOn(action, { body: { id: "2" } })).outcome).toBe("no_rule_allows");
    expect((await decideOn(action, { body: { id: 1 } })).error).toEqual({
      kind: "resource_unread",
      reason: "resource_malformed",
    });
  });
});

describe("relations", () => {
  function asking(depth: number, answers: (check: RelationCheck) => boolean = () => true) {
    const check = (at: number): RelationCheck => ({
      object: { type: "document", id: String(at) },
      relation: "viewer",
      subject: { type: "user", id: "usr_1" },
    });
    const chain = rule(({ relations }) => {
      for (let at = 0; at < depth; at++) {
        const known = relations.known(check(at));
        if (known === undefined) return { kind: "wants", checks: [check(at)] };
        if (!known) return FALSE;
      }
      return TRUE;
    });
    const rounds: RelationCheck[][] = [];
    const revisions: number[] = [];
    const relations = (_: unknown, { atLeast }: RelationCall): FetchedRelations => {
      revisions.push(atLeast);
      const held = new Map<string, boolean>();
      return {
        known: ({ object }) => held.get(object.id),
        resolve: async (checks) => {
          rounds.push([...checks]);
          for (const one of checks) held.set(one.object.id, answers(one));
          return "known";
        },
      };
    };
    return { action: routeAction({ policy: actionPolicy([chain]), relations }), rounds, revisions };
  }

  it("are fetched until the rule is content", async () => {
    const { action, rounds } = asking(3);
    expect((await decideOn(action)).outcome).toBe("allowed");
    expect(rounds).toHaveLength(3);
    expect((await decideOn(asking(3, ({ object }) => object.id !== "1").action)).outcome).toBe("no_rule_allows");
  });

  it("know of the change whose consistency token the call brings; what is no token is refused", async () => {
    const { action, revisions } = asking(1);
    expect((await decideOn(action, { consistency: "rev_zz" })).outcome).toBe("allowed");
    expect((await decideOn(action)).outcome).toBe("allowed");
    expect(revisions).toEqual([1_295, 0]);
    expect((await decideOn(action, { consistency: "rev_1, rev_2" })).outcome).toBe("consistency_malformed");
    expect((await decideOn(routeAction(), { consistency: "x" })).outcome, "who asks nothing reads nothing").toBe(
      "allowed",
    );
  });

  it("that lead on and on make the rule fail", async () => {
    const { action, rounds } = asking(100);
    const { outcome, trace } = await decideOn(action);
    expect([outcome, rounds.length, trace.failures?.[0]?.rule]).toEqual(["rule_failed", 8, "*"]);
  });

  it("that nobody can tell are an outage", async () => {
    const { action } = asking(1, () => {
      throw new Outage("relations");
    });
    await expect(decideOn(action)).rejects.toThrow(Outage);
  });
});

describe("RFC 9470: where another sign-in is missing", () => {
  const FRESH = { acrValues: [], maxAgeSeconds: 300 };
  const STRONG = { acrValues: ["urn:test:strong"], maxAgeSeconds: null };
  const ask = (stepUp: typeof FRESH | typeof STRONG) =>
    routeAction({ policy: actionPolicy([ruleOf(TRUE, { stepUp })]) });
  const at = (authTimeSeconds: number, acr: string | null = null) => ({ authTimeSeconds, acr, amr: [] });
  const NOW = NOW_MS / 1000;

  it.each<[string, typeof FRESH | typeof STRONG, World, string]>([
    ["a person of today", FRESH, { signIn: at(NOW - 300) }, "allowed"],
    ["a person of a second before", FRESH, { signIn: at(NOW - 301) }, "step_up"],
    ["a token that says nothing", FRESH, {}, "step_up"],
    ["a client, behind which nobody stands", FRESH, { kind: "client" }, "step_up_impossible"],
    ["an API key", FRESH, { kind: "api_key" }, "step_up_impossible"],
    ["a class that another issuer may give", STRONG, { isOwn: false, signIn: at(NOW) }, "step_up"],
    ["a class that another issuer gave", STRONG, { isOwn: false, signIn: at(NOW, "urn:test:strong") }, "allowed"],
    ["a class that ours cannot give: no circle", STRONG, { signIn: at(NOW) }, "step_up_impossible"],
  ])("%s", async (_, stepUp, world, expected) => {
    expect((await decideOn(ask(stepUp), world)).outcome).toBe(expected);
  });

  it("nobody is asked to sign in for what is denied anyway", async () => {
    const deny = ruleOf(TRUE, { id: "no", effect: "deny" });
    const policy = actionPolicy([ruleOf(TRUE, { stepUp: FRESH }), deny]);
    expect((await decideOn(routeAction({ policy }))).outcome).toBe("rule_denied");
  });
});

describe("what the origin says of its resources", () => {
  const owned = actionPolicy([
    rule(({ resource, principal }) => (resource?.attributes.owner === principal.id ? TRUE : FALSE), {
      needsResource: true,
    }),
  ]);
  const found = (owner: string): MetadataAnswer => ({ kind: "found", attributes: { owner } });

  function world(
    answer: (id: string) => Promise<MetadataAnswer>,
    changes: Partial<RouteAction> = {},
    goesOnWithout = false,
  ) {
    const fetch = vi.fn(answer);
    const cache = new MetadataCache({ fetch }, 30_000);
    return { fetch, action: routeAction({ policy: owned, metadata: { cache, goesOnWithout }, ...changes }) };
  }

  it("is asked once for as long as it counts", async () => {
    const { fetch, action } = world(async () => found("usr_1"));
    expect((await decideOn(action)).outcome).toBe("allowed");
    expect((await decideOn(action, { nowMs: NOW_MS + 29_999 })).outcome).toBe("allowed");
    expect(fetch).toHaveBeenCalledTimes(1);
    expect((await decideOn(action, { nowMs: NOW_MS + 30_000 })).outcome).toBe("allowed");
    expect(fetch).toHaveBeenCalledTimes(2);
    expect((await decideOn(action, { nowMs: NOW_MS - 60_000 })).outcome, "a clock set back").toBe("allowed");
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it("is asked once for all who want to know at a time", async () => {
    const { fetch, action } = world(async () => found("usr_2"));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => decideOn(action)));
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["no_rule_allows"]));
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it("outdoes the caller's own word", async () => {
    const resource: ResourceReading = {
      ...READING,
      attributes: [{ name: "owner", type: "string", place: { from: "path", segment: 2 } }],
    };
    const { action } = world(async () => found("usr_2"), { resource });
    expect((await decideOn(action, { path: ["documents", "1", "usr_1"] })).outcome).toBe("no_rule_allows");
  });

  it.each([true, false])("not there and not yours look alike (hidden: %s)", async (hidesResources) => {
    const absent = await decideOn(world(async () => ({ kind: "absent" }), { hidesResources }).action);
    const others = await decideOn(world(async () => found("usr_2"), { hidesResources }).action);
    expect(absent.error).toEqual({ kind: "denied", reason: "resource_absent", isHidden: hidesResources });
    expect(others.error).toEqual({ kind: "denied", reason: "no_rule_allows", isHidden: hidesResources });
  });

  it("each of several has to be there and allowed", async () => {
    const resource: ResourceReading = { ...READING, ids: [{ from: "path", segment: 1 }] };
    const batch: ResourceReading = { ...resource, ids: [{ from: "body", steps: ["*"] }], readsBody: true };
    const { action } = world(async (id) => (id === "9" ? { kind: "absent" } : found(id === "2" ? "usr_2" : "usr_1")), {
      resource: batch,
      bodyDepth: 8,
    });
    expect((await decideOn(action, { body: ["1", "3"] })).outcome).toBe("allowed");
    expect((await decideOn(action, { body: ["1", "2"] })).outcome).toBe("no_rule_allows");
    expect((await decideOn(action, { body: ["1", "9"] })).outcome).toBe("resource_absent");
  });

  it("that cannot be had denies, or leaves rules without it, as the route says", async () => {
    const down = async () => {
      throw new Outage("resource_metadata");
    };
    await expect(decideOn(world(down).action)).rejects.toThrow(Outage);
    expect((await decideOn(world(down, {}, true).action)).outcome).toBe("no_rule_allows");
    const bug = async () => {
      throw new TypeError("a fault of ours");
    };
    await expect(decideOn(world(bug, {}, true).action)).rejects.toThrow(TypeError);
  });

  it("made-up ids do not push out real ones", async () => {
    const { fetch, action } = world(async (id) => (id.startsWith("x") ? { kind: "absent" } : found("usr_1")));
    await decideOn(action);
    for (let at = 0; at < 9_000; at++) await decideOn(action, { path: ["documents", `x${at}`] });
    fetch.mockClear();
    expect((await decideOn(action)).outcome).toBe("allowed");
    expect(fetch).not.toHaveBeenCalled();
  });
});

describe("a decision point of others", () => {
  const others = (answer: () => Promise<boolean>, changes: Partial<RouteAction> = {}) => {
    const permits = vi.fn(answer);
    const external = { pdp: { permits }, tells: new Set<never>(), ownIssuer: "https://id.test" };
    return { permits, action: routeAction({ external, ...changes }) };
  };

  it("has to permit what the policy allows", async () => {
    expect((await decideOn(others(async () => true).action)).outcome).toBe("allowed");
    expect((await decideOn(others(async () => false).action)).error).toEqual({
      kind: "denied",
      reason: "external_denied",
      isHidden: false,
    });
    const hidden = others(async () => false, { hidesResources: true });
    expect((await decideOn(hidden.action)).error).toMatchObject({ isHidden: true });
  });

  it("is not asked about what the policy denies, and cannot allow it", async () => {
    const { permits, action } = others(async () => true, { policy: actionPolicy([ruleOf(FALSE)]) });
    expect((await decideOn(action)).outcome).toBe("no_rule_allows");
    expect(permits).not.toHaveBeenCalled();
  });

  it("that cannot be asked is an outage", async () => {
    await expect(decideOn(others(() => Promise.reject(new Outage("external_pdp"))).action)).rejects.toThrow(Outage);
  });
});
