// Long because what counts of a question is told by one table of cases for each of its parts, against one decision point.
import { describe, expect, it } from "vitest";
import type { CallerTerms } from "../../../src/access/authzen/decision_point.ts";
import { isPermitted } from "../../../src/access/authzen/evaluations.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { ok } from "../../../src/kernel/result.ts";
import type { ContextFact } from "../../../src/policy/context_fact.ts";
import { evaluate, evaluateSeveral } from "../../support/authzen_answers.ts";
import {
  ask,
  asking,
  decisionPoint,
  FetchedRelations,
  hasRelation,
  knownUser,
  ruleBy,
  text,
  typeOf,
} from "../../support/decision_point.ts";
import { actionPolicy, NOW_MS } from "../../support/decisions.ts";

const status = { status: text };
const notArchived = ruleBy("not_archived", "allow", ({ resource }) => resource?.attributes.status !== "archived");
const isSales = ruleBy("sales", "allow", ({ principal }) => principal.attributes.department === "sales");
const isManager = ruleBy("manager", "allow", ({ principal }) => principal.roles.includes("manager"));

const point = (changes = {}) =>
  decisionPoint(
    {
      record: typeOf({ read: [notArchived], sell: [isSales], approve: [isManager], idle: [] }, status),
      tenanted: typeOf({ read: [notArchived], approve: [isManager] }, { tenant: text }, "tenant"),
    },
    [
      knownUser("alice", { roles: ["viewer"], attributes: { department: "legal" } }),
      knownUser("mona", { tenantRoles: new Map([["acme", ["manager"]]]) }),
      knownUser("cli_app", { kind: "client" }),
    ],
    changes,
  );

async function answer(words: string, changes = {}, at = point(), by = asking()): Promise<string> {
  const [evaluation] = await evaluate([ask(words, changes)], at, by);
  return `${evaluation?.decision} ${evaluation?.because}`;
}

const withProperties = (properties: object) => ({ resource: { type: "record", id: "1", properties } });
const trusted = (changes: Partial<CallerTerms>) =>
  point({
    callers: new Map([
      [
        "cli_pep",
        { resourceTypes: null, tenants: null, roles: new Set<string>(), attributes: new Set<string>(), ...changes },
      ],
    ]),
  });

describe("a question that others ask", () => {
  it("is decided by the action's policy, with the resource's declared attributes as the caller says them", async () => {
    expect(await answer("alice read record:1")).toBe("true allowed");
    expect(await answer("alice read record:1", withProperties({ status: "archived" }))).toBe("false no_rule_allows");
    expect(await answer("alice read record:1", withProperties({ status: "active", owner: {} }))).toBe("true allowed");
  });

  it.each([
    ["nobody read record:1", "subject_unknown"],
    ["alice read spaceship:1", "resource_unknown"],
    ["alice fly record:1", "action_unknown"],
    ["alice constructor record:1", "action_unknown"],
    ["alice read constructor:1", "resource_unknown"],
    ["alice idle record:1", "no_rule_allows"],
    ["alice read record:", "resource_malformed"],
    [`alice read record:${"x".repeat(257)}`, "resource_malformed"],
  ])("%s: denied, and no error (%s)", async (words, because) => {
    expect(await answer(words)).toBe(`false ${because}`);
  });

  it("a subject of a kind that nobody knows is denied, and is not looked for", async () => {
    const at = point();
    const subject = { type: "spaceship", id: "alice", properties: {} };
    expect(await answer("alice read record:1", { subject }, at)).toBe("false subject_unknown");
    expect(at.lookups).toEqual([]);
  });

  it("an id that nobody can have is not looked for", async () => {
    const at = point();
    expect(await answer(`${"x".repeat(257)} read record:1`, {}, at)).toBe("false subject_unknown");
    expect(at.lookups).toEqual([]);
  });

  it("the id of a client is no user's: each kind has ids of its own", async () => {
    expect(await answer("cli_app read record:1")).toBe("false subject_unknown");
    const subject = { type: "client", id: "cli_app", properties: {} };
    expect(await answer("x read record:1", { subject })).toBe("true allowed");
  });

  it("an attribute of another type than declared denies: it is not passed over, for a rule may deny by it", async () => {
    expect(await answer("alice read record:1", withProperties({ status: 7 }))).toBe("false resource_malformed");
    expect(await answer("alice read record:1", withProperties({ status: null }))).toBe("false resource_malformed");
  });

  it("permissions come of our own roles", async () => {
    const at = point({ types: new Map([["record", { ...typeOf({}), actions: permitted() }]]) });
    expect(await answer("alice read record:1", {}, at)).toBe("true allowed");
    expect(await answer("mona read record:1", {}, at)).toBe("false permission_missing");
  });
});

function permitted() {
  return new Map([["read", actionPolicy([], ["record:read"])]]);
}

describe("what a question may say of its subject", () => {
  const claims = (properties: object) => ({ subject: { type: "user", id: "alice", properties } });
  const everything = { roles: ["manager", "admin"], department: "sales", permissions: ["record:sell"], id: "mona" };

  it("nothing, by default: neither roles nor attributes nor permissions", async () => {
    expect(await answer("alice approve record:1", claims(everything))).toBe("false no_rule_allows");
    expect(await answer("alice sell record:1", claims(everything))).toBe("false no_rule_allows");
  });

  it("roles and attributes one by one, where a setting trusts this caller with them", async () => {
    const roles = trusted({ roles: new Set(["manager"]) });
    expect(await answer("alice approve record:1", claims(everything), roles)).toBe("true allowed");
    expect(await answer("alice sell record:1", claims(everything), roles)).toBe("false no_rule_allows");
    const attributes = trusted({ attributes: new Set(["department"]) });
    expect(await answer("alice sell record:1", claims(everything), attributes)).toBe("true allowed");
    expect(await answer("alice approve record:1", claims(everything), attributes)).toBe("false no_rule_allows");
  });

  it("a role beyond those that it is trusted with is passed over", async () => {
    const at = trusted({ roles: new Set(["viewer"]) });
    expect(await answer("alice approve record:1", claims(everything), at)).toBe("false no_rule_allows");
  });

  it("another caller is not trusted for it", async () => {
    const at = trusted({ roles: new Set(["manager"]) });
    const by = asking({ callerId: "cli_other" });
    expect(await answer("alice approve record:1", claims(everything), at, by)).toBe("false no_rule_allows");
  });

  it.each([{ roles: "manager" }, { roles: [7] }, { department: 7 }])("%j cannot be read, and denies", async (said) => {
    const at = trusted({ roles: new Set(["manager"]), attributes: new Set(["department"]) });
    expect(await answer("alice read record:1", claims(said), at)).toBe("false subject_malformed");
  });

  it("a subject that we do not know stays unknown, whatever is said of it", async () => {
    const subject = { type: "user", id: "nobody", properties: everything };
    const at = trusted({ roles: new Set(["manager"]) });
    expect(await answer("x approve record:1", { subject }, at)).toBe("false subject_unknown");
  });
});

describe("tenants", () => {
  const of = (tenant: unknown) => ({ resource: { type: "tenanted", id: "1", properties: { tenant } } });

  it("a role of one tenant counts for resources of that tenant alone", async () => {
    expect(await answer("mona approve tenanted:1", of("acme"))).toBe("true allowed");
    for (const other of ["globex", "ACME", "", "__proto__"]) {
      expect(await answer("mona approve tenanted:1", of(other)), other).toBe("false no_rule_allows");
    }
    expect(await answer("mona approve tenanted:1")).toBe("false no_rule_allows");
  });

  it("a caller that is kept to tenants, or to types, learns nothing of others", async () => {
    const tenants = trusted({ tenants: new Set(["acme"]) });
    expect(await answer("alice read tenanted:1", of("acme"), tenants)).toBe("true allowed");
    expect(await answer("alice read tenanted:1", of("globex"), tenants)).toBe("false out_of_reach");
    expect(await answer("alice read tenanted:1", {}, tenants)).toBe("false out_of_reach");
    expect(await answer("alice read record:1", {}, tenants)).toBe("false out_of_reach");
    const types = trusted({ resourceTypes: new Set(["record"]) });
    expect(await answer("alice read record:1", {}, types)).toBe("true allowed");
    expect(await answer("alice read tenanted:1", of("acme"), types)).toBe("false out_of_reach");
  });
});

describe("what a question may say of where and when", () => {
  const near = ruleBy("near", "allow", ({ env }) => env.address === "192.0.2.7");
  const late = ruleBy("late", "allow", ({ env }) => env.nowMs > NOW_MS);
  const strong = ruleBy("strong", "allow", ({ env }) => env.acr === "mfa");
  const at = (...believes: ContextFact[]) =>
    decisionPoint({ record: typeOf({ near: [near], late: [late], strong: [strong] }) }, [knownUser("alice")], {
      believes: new Set(believes),
    });
  const context = { address: "192.0.2.7", ip: "192.0.2.7", time: "2030-01-01T00:00:00Z", acr: "mfa", x: { y: [1] } };

  it("what is believed counts, and the rest is passed over: the time is ours", async () => {
    expect(await answer("alice near record:1", { context }, at("address"))).toBe("true allowed");
    expect(await answer("alice near record:1", { context }, at())).toBe("false no_rule_allows");
    expect(await answer("alice late record:1", { context }, at("address"))).toBe("false no_rule_allows");
    expect(await answer("alice late record:1", { context }, at("time"))).toBe("true allowed");
    expect(await answer("alice strong record:1", { context }, at("address"))).toBe("false no_rule_allows");
    expect(await answer("alice strong record:1", { context }, at("acr"))).toBe("true allowed");
  });

  it.each<[ContextFact, unknown]>([
    ["time", "2025-06-27T18:03-07:00"],
    ["time", 1_700_000_000],
    ["address", "192.0.2.07"],
    ["address", "localhost"],
    ["country", "Germany"],
    ["asn", -1],
    ["tlsVersion", "1.0"],
    ["deviceType", "A Phone"],
    ["authTime", "yesterday"],
    ["acr", ""],
    ["amr", "pwd"],
    ["amr", [7]],
    ["acr", null],
  ])("%s: %j cannot be read: denied where it is believed, passed over where it is not", async (name, value) => {
    const said = { context: { address: "192.0.2.7", ...{ [name]: value } } };
    expect(await answer("alice near record:1", said, at("address", name))).toBe("false context_malformed");
    if (name === "address") return;
    expect(await answer("alice near record:1", said, at("address"))).toBe("true allowed");
  });
});

describe("an action's properties", () => {
  const soft = ruleBy("soft", "allow", ({ body }) => (body as { soft?: unknown }).soft === true);
  const at = () => decisionPoint({ record: typeOf({ delete: [{ ...soft, needsBody: true }] }) }, [knownUser("alice")]);

  it("stand where a call at the gate has its body", async () => {
    const action = (properties: object) => ({ action: { name: "delete", properties } });
    expect(await answer("alice delete record:1", action({ soft: true }), at())).toBe("true allowed");
    expect(await answer("alice delete record:1", action({ soft: false }), at())).toBe("false no_rule_allows");
    expect(await answer("alice delete record:1", {}, at())).toBe("false no_rule_allows");
  });
});

describe("several questions", () => {
  const viewer = ruleBy("viewer", "allow", hasRelation("viewer"));
  const related = (tuples: readonly string[]) => {
    const relations = new FetchedRelations(tuples);
    const types = { record: typeOf({ read: [viewer] }), free: typeOf({ read: [notArchived] }, status) };
    return { relations, at: decisionPoint(types, [knownUser("alice"), knownUser("bob")], { relations: relations.of }) };
  };

  it("what they need is fetched together: each subject's relations by one question, each subject once", async () => {
    const { relations, at } = related(["record:1#viewer@user:alice", "record:3#viewer@user:bob"]);
    const words = ["alice read record:1", "alice read record:2", "bob read record:3", "alice read free:1"];
    const evaluations = await evaluate(
      words.map((one) => ask(one)),
      at,
      asking(),
    );
    expect(evaluations.map(({ decision }) => decision)).toEqual([true, false, true, true]);
    expect(relations.calls).toBe(2);
    expect(at.lookups).toEqual([["user", "alice", "bob"]]);
  });

  it("relations that lead on without an end deny", async () => {
    const { at } = related([]);
    let round = 0;
    const endless = ruleBy("endless", "allow", ({ resource }) => [
      {
        object: { type: "record", id: `${resource?.id}-${round++}` },
        relation: "viewer",
        subject: { type: "user", id: "x" },
      },
    ]);
    const point = { ...at, types: new Map([["record", typeOf({ read: [endless] })]]) };
    expect(await answer("alice read record:1", {}, point)).toBe("false rule_failed");
    expect(round).toBeLessThan(20);
  });

  it.each(["subjects", "relations"] as const)(
    "%s that cannot be asked: an outage, and no answer at all",
    async (what) => {
      const { at } = related([]);
      const down = () => Promise.reject(new Outage("d1"));
      const point = {
        ...at,
        ...(what === "subjects"
          ? { subjects: { find: down } }
          : { relations: () => ({ known: () => undefined, resolve: down }) }),
      };
      await expect(evaluate([ask("alice read free:1"), ask("alice read record:1")], point, asking())).rejects.toThrow(
        Outage,
      );
    },
  );

  it("a directory that answers for somebody else answers for nobody", async () => {
    const { at } = related([]);
    const subjects = { find: async (_: string, ids: readonly string[]) => ids.map(() => knownUser("bob")) };
    expect(await answer("alice read free:1", {}, { ...at, subjects })).toBe("false subject_unknown");
  });
});

describe("AuthZEN 1.0 §7.1.2.1: semantics", () => {
  const words = ["alice read record:1", "alice fly record:1", "alice read record:2", "nobody read record:1"];
  const questions = [
    ...words.map((one) => ok(ask(one))),
    { ok: false, error: { member: "subject", fault: "missing" } } as const,
  ];
  const decisions = async (semantic: Parameters<typeof evaluateSeveral>[1], from = 0) =>
    (await evaluateSeveral(questions.slice(from), semantic, point(), asking())).map(isPermitted);

  it("execute_all answers each in its place", async () => {
    expect(await decisions("execute_all")).toEqual([true, false, true, false, false]);
  });

  it("deny_on_first_deny ends with the first that is denied, or cannot be read", async () => {
    expect(await decisions("deny_on_first_deny")).toEqual([true, false]);
    expect(await decisions("deny_on_first_deny", 4)).toEqual([false]);
  });

  it("permit_on_first_permit ends with the first that is permitted; what cannot be read is none", async () => {
    expect(await decisions("permit_on_first_permit", 1)).toEqual([false, true]);
    expect(await decisions("permit_on_first_permit", 3)).toEqual([false, false]);
  });

  it("what stands behind the end is not asked", async () => {
    const at = point();
    await evaluateSeveral(questions, "permit_on_first_permit", at, asking());
    expect(at.lookups).toEqual([["user", "alice"]]);
  });
});
