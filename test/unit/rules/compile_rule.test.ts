import { describe, expect, it } from "vitest";
import { decisionFacts } from "../../support/decisions.ts";
import { compiled, ruleFaults } from "../../support/rules.ts";

describe("what a condition may not say", () => {
  it.each<[string, string]>([
    ['principal.departmnt == "x"', "`principal` has no `departmnt`; did you mean `department`?"],
    ['resource.ownr == "x"', "`resource` of type `document` has no `ownr`; did you mean `owner`?"],
    ['env.adress == "x"', "`env` has no `adress`; did you mean `address`?"],
    ['princpal.id == "x"', "there is no `princpal`; did you mean `principal`?"],
    ['request.headers.x == "y"', "`request` has no `headers`"],
    ['principal["department"] == "x"', "`principal[..]`: write `principal.name`"],
    ['principal[request.body.name] == "x"', "`principal[..]`: write `principal.name`"],
    ['principal.constructor == "x"', "`principal` has no `constructor`"],
    ['principal.__proto__ == "x"', "`principal` has no `__proto__`"],
    ['princpal.id == "x" && env.adress == "y"', "there is no `princpal`; did you mean `principal`?"],
    ["dyn(1) == dyn(2)", "there is no function `dyn`"],
    ["constructor(1) == 1", "there is no function `constructor`"],
    ['principal.id.toString() == "x"', "there is no method `toString`"],
    ['principal.id.hasOwnProperty("x")', "there is no method `hasOwnProperty`"],
    ['type(principal.id) == type("x")', "there is no function `type`"],
    ['b"abc".json() == {}', "there is no method `json`"],
    ["cel.bind(x, 1, x == 1)", "there is no `cel`"],
    ['principal.department.split(",").size() == 1', "there is no method `split`"],
    ['{"a": 1}.size() == 1', "a map has no use in a rule"],
    ['principal.groups.exists(principal, principal == "x")', "`exists` binds a name of its own for each element"],
    [
      'principal.groups.exists(g, principal.groups.exists(g, g == "x"))',
      "`exists` binds a name of its own for each element",
    ],
    ["principal.department", "is of type string: a rule is true or false"],
    ["request.body.flag", "is of type dyn: a rule is true or false"],
    ["true ? request.body.flag : false", "is of type dyn: a rule is true or false"],
    ["1 + 1", "is of type int: a rule is true or false"],
    ["principal.clearance == 1.0", "no such overload: int == double"],
    ['principal.clearance == "3"', "no such overload: int == string"],
    ["principal.department && true", "logical operator requires bool operands, got 'string'"],
    ["principal.id ==", "cannot be read: unexpected token: EOF"],
    ["", "cannot be read: unexpected token: EOF"],
  ])("%s", (source, fault) => {
    expect(ruleFaults(source).join("; ")).toContain(fault);
  });

  it("tells all names that are wrong, not the first one", () => {
    expect(ruleFaults('princpal.id == "x" && env.adress == "y"')).toHaveLength(2);
  });

  it.each<[string, string]>([
    ['can(principal, "vewer", resource)', "`document` has no relation `vewer`; did you mean `viewer`?"],
    ['can(principal, "owner", object("folder", resource.folder))', "`folder` has no relation `owner`"],
    [
      'can(principal, "viewer", object("foldr", resource.folder))',
      "there is no type `foldr` of resources; did you mean `folder`?",
    ],
    ["can(principal, request.body.relation, resource)", "`can` takes a relation that is written out"],
    ['can(principal, "viewer", object(request.body.type, "1"))', "`object` takes a type that is written out"],
    ['can(principal, "owner", request.body.ids.map(id, object("folder", id)))', "`folder` has no relation `owner`"],
    ['permitted(principal, "document:raed")', "there is no permission `document:raed`; did you mean `document:read`?"],
    ["permitted(principal, request.body.permission)", "`permitted` takes a permission that is written out"],
    ['inCidr(env.address, "10.0.0.1/8")', "`10.0.0.1/8` has bits beyond its prefix"],
    ['inCidr(env.address, ["10.0.0.0/8", "ten"])', "`ten` is no range of addresses"],
    ["inCidr(env.address, request.body.range)", "`inCidr` takes ranges that are written out"],
    ['env.time.getHours("Europe/Berln") > 8', "`Europe/Berln` is no time zone"],
    ["env.time - duration(request.body.age) < env.time", "`duration` takes a text that is written out"],
    ['principal.department.matches("^(a+)+$")', "the pattern `^(a+)+$`"],
    ['principal.department.matches("(")', "the pattern `(`"],
  ])("%s", (source, fault) => {
    expect(ruleFaults(source).join("; ")).toContain(fault);
  });

  it.each([
    'can(principal, "viewer", resource)',
    'can(principal, "viewer", object("folder", resource.folder))',
    'can(principal, "viewer", [object("folder", "1"), object("folder", resource.folder)])',
    'can(principal, "viewer", request.body.items.map(item, object("document", item.id)))',
    'permitted(principal, "document:approve")',
    'inCidr(env.address, ["10.0.0.0/8", "2001:db8::/32"])',
    'env.time.getHours("Europe/Berlin") >= 9 && env.time.getDayOfWeek("Europe/Berlin") in [1, 2, 3, 4, 5]',
    'principal.since < env.time - duration("720h")',
    "has(principal.department) && principal.department == resource.department",
    "request.body.amount < 1000 && request.body.lines.all(line, line.price <= 100)",
  ])("positive control: %s", (source) => {
    expect(ruleFaults(source)).toEqual([]);
  });
});

describe("conditions that decide nothing", () => {
  it.each<[string, string]>([
    ["principal.active && 1 == 1", "`1 == 1` is always true, and decides nothing"],
    ["principal.active || false", "`false` is always false, and decides nothing"],
    ["principal.active && (principal.clearance > 1 || 2 > 1 && true)", "is always true, and decides nothing"],
    ['principal.since > timestamp("yesterday")', '`timestamp("yesterday")` has no value: it always fails'],
    ["principal.clearance > 1 / 0", "`1 / 0` has no value: it always fails"],
    ["principal.active || principal.department in []", "is always false, and decides nothing"],
    ["(1 == 1 ? principal.active : !principal.active)", "`1 == 1` is always true, and decides nothing"],
  ])("%s", (source, fault) => {
    expect(ruleFaults(source).join("; ")).toContain(fault);
  });

  it.each([
    "request.body.flag == true",
    "principal.active ? principal.clearance > 1 : false",
    "[true, false].size() > principal.clearance",
  ])("positive control: %s", (source) => {
    expect(ruleFaults(source)).toEqual([]);
  });

  it.each<[string, boolean | "fails" | "varies"]>([
    ["true", true],
    ["1 == 1", true],
    ["!(2 > 1)", false],
    ["principal.active && 1 > 2", false],
    ["1 < 2 || principal.active", true],
    ["[1, 2].exists(x, x == 2)", true],
    ["1 / 0 == 1", "fails"],
    ['"a".startsWith("b") ? principal.active : false', false],
    ["principal.active", "varies"],
    ['principal.groups.exists(g, g == "x")', "varies"],
  ])("%s folds", (source, folded) => {
    expect(compiled(source).folded).toBe(folded);
  });
});

describe("how large a condition may be", () => {
  const many = (count: number, joint: string) => Array.from({ length: count }, () => "principal.active").join(joint);

  it.each<[string, string, string]>([
    ["its text", `principal.id == "${"x".repeat(2_000)}"`, "is longer than 2000 characters"],
    [
      "its parts",
      `${many(40, "||")} || [${"1,".repeat(190)}1].size() > principal.clearance`,
      "has more than 300 parts",
    ],
    ["its depth", `${"!(".repeat(30)}principal.active${")".repeat(30)}`, "more than 24 deep"],
    ["depth that the reader itself stops at", `${"(".repeat(300)}principal.active${")".repeat(300)}`, "cannot be read"],
    ["a list", `principal.clearance in [${"1,".repeat(200)}1]`, "cannot be read"],
  ])("%s", (_, source, fault) => {
    expect(ruleFaults(source).join("; ")).toContain(fault);
  });

  it("a long chain is not deep", () => {
    expect(ruleFaults(many(60, " && "))).toEqual([]);
  });

  it.each<[string, string]>([
    [
      "three macros in each other",
      "principal.groups.all(a, principal.groups.all(b, principal.groups.all(c, a == b || b == c)))",
    ],
    ["two over a body", "request.body.a.all(x, request.body.b.all(y, x == y))"],
    ["a list looked up for each of a body", "request.body.a.all(x, x in request.body.b)"],
    ["patterns for each of a body", 'request.body.a.all(x, x.matches("^a"))'],
    [
      "relations for each of a body",
      'request.body.a.all(x, can(principal, "viewer", object("document", x)))'
        .repeat(1)
        .replace("all(x, can", "all(x, request.body.b.size() > 0 && request.body.c.size() > 0 && can"),
    ],
  ])("%s could take too long", (_, source) => {
    expect(ruleFaults(source)).toEqual(["could take too long: lists in lists, or texts in lists, are too large"]);
  });

  it.each([
    "principal.groups.exists(g, g in resource.tags)",
    'request.body.items.all(item, item.price < 10 && item.currency == "EUR")',
  ])("positive control: %s", (source) => {
    expect(ruleFaults(source)).toEqual([]);
  });
});

describe("what is known of a condition without asking it", () => {
  it.each<[string, boolean, boolean, boolean]>([
    ["principal.active", false, false, false],
    ["request.body.amount < 10", true, false, false],
    ["resource.owner == principal.id", false, true, false],
    ['can(principal, "viewer", resource)', false, true, false],
    ['principal.kind == "user" && permitted(principal, "document:read")', false, false, true],
    ['env.time.getHours("UTC") >= 9', false, false, true],
    ["env.time.getHours(principal.department) >= 9", false, false, false],
    ['env.country == "DE"', false, false, false],
    ['"x" in principal.roles', false, false, false],
    ["env.time.getHours() / 0 == 1", false, false, false],
    ['resource.type == "document"', false, true, false],
  ])("%s", (source, needsBody, needsResource, neverFails) => {
    expect(compiled(source)).toMatchObject({ needsBody, needsResource, neverFails });
  });
});

it("a condition that is said never to fail has a value for a call of which nothing is known", () => {
  const total = [
    'principal.kind == "user" && permitted(principal, "document:read")',
    'action.id in ["document:read", "document:update"] || !(action.name.startsWith("r"))',
    'env.time.getHours("Europe/Berlin") >= 9 && env.time < timestamp("2030-01-01T00:00:00Z")',
    'principal.id == "usr_1" ? permitted(principal, "document:read") : principal.id.contains("x")',
    "true",
  ];
  const facts = decisionFacts({
    resource: null,
    principal: { ...decisionFacts().principal, issuer: "https://\uD800.test", id: "\uD800" },
  });
  const flagged = total.map(compiled).filter(({ neverFails }) => neverFails);
  expect(flagged.length).toBeGreaterThan(3);
  expect(flagged.map(({ expression }) => expression.evaluate(facts).kind)).not.toContain("error");
});
