import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttributeValue, DecisionFacts, KnownRelations } from "../../../src/policy/decision_facts.ts";
import { directCondition } from "../../../src/rules/direct_condition.ts";
import { ruleFunctions } from "../../../src/rules/functions.ts";
import { ruleLanguage } from "../../../src/rules/language.ts";
import { LIMITS } from "../../../src/rules/limits.ts";
import { CelExpression, outcomeOf, VariablesOfCall } from "../../../src/rules/rule_expression.ts";
import { NOW_MS } from "../../support/decisions.ts";
import { factsOf, OWN_ISSUER, RULE_SCHEMA } from "../../support/rules.ts";

const functions = ruleFunctions();
const language = ruleLanguage(RULE_SCHEMA, "document", functions);

/** `source` in both ways; `direct` is null where it has the library's alone. */
function bothWays(source: string) {
  const parsed = language.cel.parse(source);
  if (!parsed.ok) throw new Error(parsed.error);
  const rule = parsed.value;
  const checked = rule.check();
  if (!checked.ok) throw new Error(checked.error);
  const direct = directCondition(rule.tree(), functions);
  const variables = () => new VariablesOfCall(language.classes, OWN_ISSUER);
  const expression = new CelExpression(rule, source, direct, variables(), () => []);
  return {
    direct,
    byLibrary: (facts: DecisionFacts) => outcomeOf(rule, source, variables().of(facts)),
    asAsked: (facts: DecisionFacts) => expression.evaluate(facts),
  };
}

const text = fc.constantFrom(
  ...[
    "principal.department",
    "resource.department",
    "resource.owner",
    "principal.id",
    "principal.tenant",
    "env.country",
  ],
  ...["principal.kind", "action.name", "env.acr", '"sales"', '"usr_1"', '"x"', "resource.folder"],
);
const whole = fc.constantFrom(
  ...["principal.clearance", "resource.level", "env.asn", "env.authAge", "2", "0", "-1"],
  'env.time.getHours("Europe/Berlin")',
);
const names = fc.constantFrom(
  ...[
    "principal.roles",
    "principal.scopes",
    "principal.groups",
    "resource.tags",
    "env.amr",
    '["sales", "x"]',
    '["usr_1"]',
  ],
);
const leaf = fc.oneof(
  fc.tuple(text, fc.constantFrom("==", "!="), text).map((parts) => parts.join(" ")),
  fc.tuple(whole, fc.constantFrom("==", "!=", "<", "<=", ">", ">="), whole).map((parts) => parts.join(" ")),
  fc.tuple(text, names).map(([item, list]) => `${item} in ${list}`),
  fc.constantFrom(
    ...[
      "principal.active",
      "principal.active == true",
      "true",
      "false",
      "has(principal.tenant)",
      "principal.share < 0.5",
    ],
    ...['can(principal, "viewer", resource)', 'can(principal, "viewer", object("folder", resource.folder))'],
    ...['permitted(principal, "document:read")', 'inCidr(env.address, ["10.0.0.0/8", "2001:db8::/32"])'],
  ),
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition")).map((parts) => `(${parts.join(" ")})`),
    tie("condition").map((part) => `!(${part})`),
  ),
}));

/** What is declared, of its type or of another, too large, or missing. */
const value = fc.constantFrom<(AttributeValue | undefined)[]>(
  ...["sales", "usr_1", "x", 2, 0, 1.5, true, false, ["sales"], ["x", "usr_1"], [1], "x".repeat(LIMITS.text + 1)],
  ...[Array.from({ length: LIMITS.list + 1 }, () => "x"), undefined],
) as fc.Arbitrary<AttributeValue | undefined>;
const attributes = (keys: readonly string[]) =>
  fc.tuple(...keys.map(() => value)).map((values) => {
    const told = keys.map((key, at) => [key, values[at]] as const);
    return Object.fromEntries(told.filter((pair): pair is [string, AttributeValue] => pair[1] !== undefined));
  });
const relations: fc.Arbitrary<KnownRelations> = fc.constantFrom<KnownRelations>(
  { known: () => true },
  { known: () => false },
  { known: () => undefined },
  {
    known: () => {
      throw new Error("undecided");
    },
  },
);
const facts = fc
  .record({
    principal: attributes(["department", "clearance", "active", "groups", "share"]),
    resource: attributes(["department", "owner", "level", "tags", "folder"]),
    hasResource: fc.boolean(),
    relations,
    country: fc.constantFrom(null, "x", "DE"),
    address: fc.constantFrom(null, "10.1.1.1", "11.1.1.1", "none"),
    asn: fc.constantFrom(null, 0, 2),
    acr: fc.constantFrom(null, "x"),
    authTimeSeconds: fc.constantFrom(null, NOW_MS / 1000 - 2),
  })
  .map(({ principal, resource, hasResource, relations: known, ...env }) => {
    const made = factsOf(principal, resource, { relations: known });
    return { ...made, resource: hasResource ? made.resource : null, env: { ...made.env, ...env } };
  });

describe("a condition's own way to its value", () => {
  it("comes to what the library says of it, failures and missing relations included", () => {
    let taken = 0;
    fc.assert(
      fc.property(condition, facts, (source, at) => {
        const { direct, byLibrary, asAsked } = bothWays(source);
        if (direct !== null) taken += 1;
        expect(asAsked(at)).toEqual(byLibrary(at));
      }),
      { numRuns: 3_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it.each([
    '"manager" in principal.roles && principal.department == resource.department',
    'resource.department == "closed" && !("auditor" in principal.roles)',
    'can(principal, "viewer", resource) || resource.owner == principal.id',
    'env.time.getHours("Europe/Berlin") >= 9 && env.time.getHours("Europe/Berlin") < 17',
    'inCidr(env.address, "10.0.0.0/8") && permitted(principal, "document:read")',
    "principal.clearance >= resource.level",
  ])("is taken by %s", (source) => {
    expect(bothWays(source).direct).not.toBeNull();
  });

  it.each([
    ["what a body is nobody knows", "request.body.amount == 10"],
    ["a macro", "principal.groups.exists(g, g in resource.tags)"],
    ["doubles", "principal.share < 0.5"],
    ["sums", "principal.clearance + 1 == 4"],
    ["times", 'principal.since < timestamp("2026-02-01T00:00:00Z")'],
    ["lists that hang on the call", "principal.department in [resource.department]"],
  ])("is not taken by what the library alone knows: %s", (_, source) => {
    expect(bothWays(source).direct).toBeNull();
  });

  it("a relation that is not in memory is asked for once, whichever way found it missing", () => {
    const { asAsked } = bothWays('can(principal, "viewer", resource)');
    const told = asAsked(factsOf({}, {}, { relations: { known: () => undefined } }));
    expect(told.kind === "wants" && told.checks.length).toBe(1);
  });
});
