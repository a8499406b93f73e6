import { describe, expect, it } from "vitest";
import type { DecisionFacts, KnownRelations, RelationCheck } from "../../../src/policy/decision_facts.ts";
import { LIMITS } from "../../../src/rules/limits.ts";
import { decisionFacts, NOW_MS } from "../../support/decisions.ts";
import { compiled, factsOf, outcome } from "../../support/rules.ts";

const kind = (source: string, facts: DecisionFacts) => outcome(source, facts).kind;
const withEnv = (env: Partial<DecisionFacts["env"]>) => factsOf({}, {}, { env: { ...decisionFacts().env, ...env } });

const PERSON = factsOf(
  {
    department: "sales",
    clearance: 3,
    share: 0.5,
    active: true,
    since: "2026-01-01T00:00:00Z",
    groups: ["eng", "ops"],
    levels: [1, 2],
  },
  { owner: "usr_1", department: "sales", level: 2, tags: ["x"], folder: "7" },
);

describe("what rules see", () => {
  it.each<[string, string]>([
    ["principal.department == resource.department", "true"],
    ["principal.clearance >= resource.level", "true"],
    ["principal.clearance + 1 == 4", "true"],
    ["principal.share < 0.6", "true"],
    ['principal.since < timestamp("2026-02-01T00:00:00Z")', "true"],
    ['env.time - principal.since > duration("1440h")', "true"],
    ['"eng" in principal.groups && 2 in principal.levels', "true"],
    ["resource.owner == principal.id", "true"],
    ['action.id == "document:read" && action.type == resource.type && action.name == "read"', "true"],
    ['principal.kind == "user" && principal.issuer == "https://id.test" && principal.clientId == "cli_1"', "true"],
    ['resource.type == "document" && resource.id == "1"', "true"],
    ["has(principal.tenant)", "false"],
    ["has(principal.department)", "true"],
    ["principal.groups.exists(g, g in resource.tags)", "false"],
    ['principal.groups.filter(g, g.startsWith("e")).size() == 1', "true"],
  ])("%s is %s", (source, expected) => {
    expect(kind(source, PERSON)).toBe(expected);
  });

  it.each<[string, Partial<DecisionFacts["env"]>, string]>([
    ['inCidr(env.address, "10.0.0.0/8")', { address: "10.9.9.9" }, "true"],
    ['inCidr(env.address, "10.0.0.0/8")', { address: "11.0.0.1" }, "false"],
    ['inCidr(env.address, ["10.0.0.0/8", "2001:db8::/32"])', { address: "2001:db8:1::5" }, "true"],
    ['inCidr(env.address, "2001:db8::/32")', { address: "2001:db9::1" }, "false"],
    ['inCidr(env.address, "10.0.0.0/8")', { address: "::ffff:10.1.1.1" }, "true"],
    ['inCidr(env.address, "::/0")', { address: "10.1.1.1" }, "false"],
    ['env.country in ["DE", "AT"]', { country: "AT" }, "true"],
    ["env.asn == 64496", { asn: 64496 }, "true"],
    ['env.tlsVersion == "1.3"', { tlsVersion: "1.3" }, "true"],
    ['env.deviceType == "mobile" && env.clientType == "app"', { deviceType: "mobile", clientType: "app" }, "true"],
    ["env.authAge <= 300", { authTimeSeconds: NOW_MS / 1000 - 300 }, "true"],
    ["env.authAge <= 300", { authTimeSeconds: NOW_MS / 1000 - 301 }, "false"],
    ['env.acr == "mfa" && "hwk" in env.amr', { acr: "mfa", amr: ["pwd", "hwk"] }, "true"],
  ])("%s with %o is %s", (source, env, expected) => {
    expect(kind(source, withEnv(env))).toBe(expected);
  });

  it.each([
    'env.country != "KP"',
    'inCidr(env.address, "10.0.0.0/8")',
    "env.authAge <= 300",
    'env.acr == "mfa"',
    'env.tlsVersion == "1.3"',
    "env.asn != 1",
    'env.deviceType != "tv"',
    'env.clientType != "bot"',
    'principal.department != "x"',
    'principal.tenant != "x"',
    'resource.owner != "x"',
  ])("what nobody knows is no value, so that %s fails and does not hold", (source) => {
    expect(kind(source, factsOf({}))).toBe("error");
  });

  it("an address that cannot be read is neither in nor out", () => {
    expect(kind('!inCidr(env.address, "10.0.0.0/8")', withEnv({ address: "10.0.0.1.nip" }))).toBe("error");
  });

  it("a subject of another issuer is not the person of ours with that id", () => {
    const facts = decisionFacts();
    const foreign = { ...PERSON, principal: { ...facts.principal, issuer: "https://other.test" } };
    expect(kind("resource.owner == principal.id", foreign)).toBe("false");
    expect(kind('principal.id == "https%3A%2F%2Fother.test|usr_1"', foreign)).toBe("true");
  });

  it("variables are made once for a call, and not shared by calls", () => {
    const rule = compiled('principal.department == "sales"').expression;
    expect(rule.evaluate(factsOf({ department: "sales" })).kind).toBe("true");
    expect(rule.evaluate(factsOf({ department: "it" })).kind).toBe("false");
    expect(rule.evaluate(factsOf({ department: "sales" })).kind).toBe("true");
  });
});

describe("local time", () => {
  const at = (text: string) => withEnv({ nowMs: Date.parse(text) });

  it.each<[string, string, string]>([
    ['env.time.getHours("Europe/Berlin") == 9', "2026-01-15T08:59:59Z", "true"],
    ['env.time.getHours("Europe/Berlin") == 10', "2026-07-15T08:59:59Z", "true"],
    [
      'env.time.getHours("Asia/Kolkata") == 14 && env.time.getMinutes("Asia/Kolkata") == 29',
      "2026-01-15T08:59:59Z",
      "true",
    ],
    ['env.time.getDayOfWeek("Pacific/Auckland") == 5', "2026-01-15T11:00:00Z", "true"],
    ['env.time.getDayOfWeek("America/Los_Angeles") == 4', "2026-01-16T07:59:59Z", "true"],
    ['env.time.getHours("Europe/Berlin") == 1', "2026-03-29T00:59:59Z", "true"],
    ['env.time.getHours("Europe/Berlin") == 3', "2026-03-29T01:00:00Z", "true"],
    [
      'env.time.getDate("Europe/Berlin") == 1 && env.time.getMonth("Europe/Berlin") == 0',
      "2025-12-31T23:00:00Z",
      "true",
    ],
    ['env.time.getFullYear("Europe/Berlin") == 2026', "2025-12-31T23:00:00Z", "true"],
    ['env.time.getDayOfMonth("Europe/Berlin") == 0', "2025-12-31T23:00:00Z", "true"],
    ["env.time.getHours() == 8 && env.time.getSeconds() == 59", "2026-01-15T08:59:59Z", "true"],
    ['env.time.getSeconds("UTC") == 59 && env.time.getMilliseconds("UTC") == 120', "2026-01-15T08:59:59.120Z", "true"],
  ])("%s at %s", (source, time, expected) => {
    expect(kind(source, at(time))).toBe(expected);
  });

  it("a zone that comes with the call and is none fails the rule", () => {
    expect(kind("env.time.getHours(principal.department) >= 0", factsOf({ department: "Mars/Olympus" }))).toBe("error");
    expect(kind("env.time.getHours(principal.department) >= 0", factsOf({ department: "Europe/Paris" }))).toBe("true");
  });
});

describe("an attribute that is not what was declared fails the rule", () => {
  it.each<[string, Record<string, string | number | boolean | (string | number)[]>]>([
    ["principal.clearance >= 0", { clearance: "9" }],
    ["principal.clearance >= 0", { clearance: 1.5 }],
    ["principal.clearance >= 0", { clearance: 2 ** 53 }],
    ["principal.share >= 0.0", { share: Number.NaN }],
    ["principal.active", { active: "true" }],
    ["principal.active", { active: 1 }],
    ['principal.department != ""', { department: ["sales"] }],
    ['principal.department != ""', { department: "x".repeat(LIMITS.text + 1) }],
    ["principal.since < env.time", { since: "2026-01-01" }],
    ["principal.since < env.time", { since: "2026-13-01T00:00:00Z" }],
    ["principal.since < env.time", { since: "2026-01-01T00:00:00" }],
    ['!("x" in principal.groups)', { groups: "x" }],
    ['!("x" in principal.groups)', { groups: ["a", 1] }],
    ['!("x" in principal.groups)', { groups: Array.from({ length: LIMITS.list + 1 }, () => "a") }],
    ["has(principal.clearance)", { clearance: "9" }],
  ])("%s", (source, attributes) => {
    expect(kind(source, factsOf(attributes))).toBe("error");
  });

  it("names of JavaScript are no attributes", () => {
    const inherited = Object.create({ department: "sales" });
    expect(kind('principal.department == "sales"', factsOf(inherited))).toBe("error");
  });

  it("so do more roles than rules look at", () => {
    const { principal } = decisionFacts();
    const roles = Array.from({ length: LIMITS.list + 1 }, (_, at) => `r${at}`);
    expect(kind('!("admin" in principal.roles)', decisionFacts({ principal: { ...principal, roles } }))).toBe("error");
  });
});

describe("can", () => {
  const knowing = (answers: Readonly<Record<string, boolean>>): KnownRelations => ({
    known: ({ object, relation, subject }) =>
      answers[`${object.type}:${object.id}#${relation}@${subject.type}:${subject.id}`],
  });
  const asked = (source: string, relations: KnownRelations, body: unknown = undefined) =>
    outcome(source, factsOf({}, { folder: "7" }, { relations, body }));
  const check = (type: string, id: string): RelationCheck => ({
    object: { type, id },
    relation: "viewer",
    subject: { type: "user", id: "usr_1" },
  });

  it("asks for the caller and the resource, by memory alone", () => {
    const source = 'can(principal, "viewer", resource)';
    expect(asked(source, knowing({ "document:1#viewer@user:usr_1": true }))).toEqual({ kind: "true" });
    expect(asked(source, knowing({ "document:1#viewer@user:usr_1": false }))).toEqual({ kind: "false" });
    expect(asked(source, knowing({}))).toEqual({ kind: "wants", checks: [check("document", "1")] });
  });

  it("means all of a list, asks for all at once, and is nothing about nothing", () => {
    const source = 'can(principal, "viewer", request.body.ids.map(id, object("document", id)))';
    const both = { "document:1#viewer@user:usr_1": true, "document:2#viewer@user:usr_1": true };
    const body = { ids: ["1", "2"] };
    expect(asked(source, knowing(both), body)).toEqual({ kind: "true" });
    expect(asked(source, knowing({ ...both, "document:2#viewer@user:usr_1": false }), body)).toEqual({ kind: "false" });
    expect(asked(source, knowing({}), body)).toEqual({
      kind: "wants",
      checks: [check("document", "1"), check("document", "2")],
    });
    expect(asked(source, knowing(both), { ids: [] }).kind).toBe("error");
    expect(asked(source, knowing(both), { ids: Array.from({ length: LIMITS.list + 1 }, () => "1") }).kind).toBe(
      "error",
    );
    expect(asked(source, knowing(both), { ids: [1] }).kind).toBe("error");
  });

  it("is not waited for where it decides nothing", () => {
    expect(asked('can(principal, "viewer", resource) || principal.kind == "user"', knowing({})).kind).toBe("true");
    expect(asked('can(principal, "viewer", resource) && principal.kind == "client"', knowing({})).kind).toBe("false");
    const two = asked(
      'can(principal, "viewer", resource) || can(principal, "viewer", object("folder", resource.folder))',
      knowing({}),
    );
    expect(two).toEqual({ kind: "wants", checks: [check("document", "1"), check("folder", "7")] });
  });

  it("that cannot be decided fails the rule", () => {
    const broken: KnownRelations = {
      known: () => {
        throw new Error("undecided");
      },
    };
    expect(asked('!can(principal, "viewer", resource)', broken).kind).toBe("error");
  });

  it("asks again after it was told", () => {
    const answers: Record<string, boolean> = {};
    const facts = factsOf({}, {}, { relations: knowing(answers) });
    const rule = compiled('can(principal, "viewer", resource)').expression;
    expect(rule.evaluate(facts).kind).toBe("wants");
    answers["document:1#viewer@user:usr_1"] = true;
    expect(rule.evaluate(facts).kind).toBe("true");
  });
});

describe("permitted", () => {
  it("asks for the permissions of the principal, not for its roles nor scopes", () => {
    const { principal } = decisionFacts();
    const holding = (permissions: string[]) =>
      decisionFacts({
        principal: {
          ...principal,
          scopes: ["document:read"],
          roles: ["document:read"],
          permissions: new Set(permissions),
        },
      });
    expect(kind('permitted(principal, "document:read")', holding(["document:read"]))).toBe("true");
    expect(kind('permitted(principal, "document:read")', holding(["document:approve"]))).toBe("false");
  });
});

describe("why a rule is false", () => {
  const failed = (source: string, facts = PERSON) => compiled(source).expression.failedCondition(facts);

  it("tells the first of its conditions that is, with what its names stand for", () => {
    expect(
      failed(
        "principal.department == resource.department && (principal.clearance > 5 || resource.level < 1) && principal.active",
      ),
    ).toEqual({
      condition: "principal.clearance > 5 || resource.level < 1",
      values: [
        { name: "principal.clearance", value: 3 },
        { name: "resource.level", value: 2 },
      ],
    });
  });

  it.each<[string, string]>([
    ["principal.clearance > 5", "principal.clearance > 5"],
    ["(principal.active) && ((principal.clearance) > (5))", "(principal.clearance) > (5)"],
    ['principal.groups.exists(g, g == ")(") && principal.active', 'principal.groups.exists(g, g == ")(")'],
    ["(principal.active && (principal.clearance < 2)) && principal.active", "principal.clearance < 2"],
    ["!(principal.active)", "!(principal.active)"],
  ])("%s", (source, condition) => {
    expect(failed(source)?.condition).toBe(condition);
  });

  it("names timestamps and lists as texts, and what is not there as nothing", () => {
    expect(failed("principal.since > env.time")?.values).toEqual([
      { name: "principal.since", value: "2026-01-01T00:00:00.000Z" },
      { name: "env.time", value: new Date(NOW_MS).toISOString() },
    ]);
    expect(failed('"z" in principal.groups')?.values).toEqual([{ name: "principal.groups", value: ["eng", "ops"] }]);
    expect(failed("has(principal.tenant)")?.values).toEqual([{ name: "principal.tenant", value: null }]);
  });
});
