import { describe, expect, it, vi } from "vitest";
import { MetadataCache } from "../../../src/access/metadata_cache.ts";
import type { FetchedRelations, RouteAction } from "../../../src/access/route_action.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { RelationCheck } from "../../../src/policy/decision_facts.ts";
import { RoleBook } from "../../../src/policy/role_book.ts";
import type { RelationCall } from "../../../src/ports/relation_facts.ts";
import { decideOn, FALSE, IN_THE_BODY, routeAction, rule, TRUE, type World } from "../../support/decide_world.ts";
import { actionPolicy, NOW_MS, ruleOf } from "../../support/decisions.ts";

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

  it("is made at once where all that it is made of is in memory: a warm call waits for nothing", async () => {
    const check = { object: { type: "document", id: "1" }, relation: "viewer", subject: { type: "user", id: "usr_1" } };
    const related = rule(({ relations }) => (relations.known(check) === true ? TRUE : FALSE));
    const known = { known: () => true, resolve: () => Promise.reject(new Error("asked")) };
    const cache = { known: () => ({ kind: "found" as const, attributes: {} }), fetch: vi.fn() };
    const warm = [
      routeAction(),
      routeAction({ policy: actionPolicy([ruleOf(FALSE)]) }),
      routeAction({ policy: actionPolicy([related]), relations: () => known }),
      routeAction({ metadata: { cache, goesOnWithout: false } }),
    ];
    for (const action of warm) expect((await decideOn(action)).waited).toBe(false);
    const cold = new MetadataCache({ fetch: async () => ({ kind: "found", attributes: {} }) }, 1_000);
    expect((await decideOn(routeAction({ metadata: { cache: cold, goesOnWithout: false } }))).waited).toBe(true);
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
