import { describe, expect, it } from "vitest";
import type { DecisionFacts } from "../../../src/policy/decision_facts.ts";
import { LIMITS } from "../../../src/rules/limits.ts";
import { outcomeOf } from "../../../src/rules/rule_expression.ts";
import { RuleVariables, ruleClasses } from "../../../src/rules/variables.ts";
import { decisionFacts } from "../../support/decisions.ts";
import { factsOf, OWN_ISSUER, outcome } from "../../support/rules.ts";

const kind = (source: string, facts: DecisionFacts) => outcome(source, facts).kind;
const withBody = (body: unknown) => factsOf({ clearance: 3, department: "sales" }, {}, { body });

describe("the traps of the language", () => {
  it("a failure is absorbed only where the value is the same whatever had failed", () => {
    const nobody = factsOf({});
    expect(kind('principal.department == "x" || principal.kind == "user"', nobody)).toBe("true");
    expect(kind('principal.kind == "user" || principal.department == "x"', nobody)).toBe("true");
    expect(kind('principal.department == "x" && principal.kind == "client"', nobody)).toBe("false");
    expect(kind('principal.department == "x" || principal.kind == "client"', nobody)).toBe("error");
    expect(kind('principal.department == "x" && principal.kind == "user"', nobody)).toBe("error");
    expect(kind('!(principal.department == "x")', nobody)).toBe("error");
  });

  it.each<[string, unknown]>([
    ["a promise", Promise.resolve(true)],
    ["a promise of false, which is truthy", Promise.resolve(false)],
    ["a text", "true"],
    ["a number", 1],
    ["nothing", undefined],
  ])("%s is not true", (_, value) => {
    const rule = { ...compiledRule(), run: () => value };
    const variables = new RuleVariables(decisionFacts(), ruleClasses({}, {}), OWN_ISSUER);
    expect(outcomeOf(rule, "", variables).kind).toBe("error");
  });

  it("numbers of a body are doubles: they compare with whole ones, and count with them once converted", () => {
    expect(
      kind(
        "request.body.amount == 10 && request.body.amount < 10.5 && request.body.amount in [10]",
        withBody({ amount: 10 }),
      ),
    ).toBe("true");
    expect(kind("request.body.amount + 1 == 11", withBody({ amount: 10 }))).toBe("error");
    expect(kind("int(request.body.amount) + 1 == 11", withBody({ amount: 10 }))).toBe("true");
    expect(kind("request.body.amount <= principal.clearance", withBody({ amount: 3 }))).toBe("true");
    expect(kind('request.body.amount == "10"', withBody({ amount: 10 }))).toBe("false");
  });

  it("fields of a body that are not there fail, and those that objects inherit are not there", () => {
    expect(kind("request.body.nothing == 1", withBody({}))).toBe("error");
    expect(kind("has(request.body.nothing)", withBody({}))).toBe("false");
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      expect(kind(`has(request.body.${name})`, withBody({}))).toBe("false");
    }
    expect(kind("request.body.admin == true", withBody(JSON.parse('{"__proto__": {"admin": true}}')))).toBe("error");
  });

  it("what is no boolean is no condition, although nothing was known of its type", () => {
    expect(kind("request.body.flag && principal.clearance > 1", withBody({ flag: "true" }))).toBe("error");
    expect(kind("!request.body.flag", withBody({ flag: 0 }))).toBe("error");
    expect(kind("request.body.flag && principal.clearance > 1", withBody({ flag: true }))).toBe("true");
  });

  it("a pattern that comes with a call is matched only where that is linear", () => {
    const text = "a".repeat(40);
    const facts = withBody({ text, evil: "^(a+)+$", fine: "^a+$", broken: "(", long: "a".repeat(LIMITS.pattern + 1) });
    expect(kind("request.body.text.matches(request.body.evil)", facts)).toBe("error");
    expect(kind("request.body.text.matches(request.body.broken)", facts)).toBe("error");
    expect(kind("request.body.text.matches(request.body.long)", facts)).toBe("error");
    expect(kind("request.body.text.matches(request.body.fine)", facts)).toBe("true");
    expect(kind('request.body.text.matches("^a+$")', withBody({ text: "a".repeat(LIMITS.matchedText + 1) }))).toBe(
      "error",
    );
    expect(kind('principal.department.matches("^s")', facts)).toBe("true");
  });

  it("letters beyond ASCII keep their case, so that no name becomes another", () => {
    expect(kind('request.body.name.lowerAscii() == "kim"', withBody({ name: "\u212Aim" }))).toBe("false");
    expect(kind('request.body.name.lowerAscii() == "kim"', withBody({ name: "KIM" }))).toBe("true");
    expect(kind('request.body.name.upperAscii() == "SS"', withBody({ name: "\u00DF" }))).toBe("false");
  });

  it.each<[string, unknown]>([
    ["no body", undefined],
    ["a long list", { list: Array.from({ length: LIMITS.bodyList + 1 }, () => 1) }],
    ["a long text", { text: "x".repeat(LIMITS.bodyText + 1) }],
    ["many values", { a: Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => 1)) }],
    ["a deep one", { a: Array.from({ length: LIMITS.bodyDepth }).reduce<unknown>((inner) => [inner], 1) }],
    ["many members", { a: Object.fromEntries(Array.from({ length: LIMITS.bodyList + 1 }, (_, at) => [`m${at}`, 1])) }],
  ])("%s is not looked into", (_, body) => {
    expect(kind("request.body.size() >= 0", withBody(body))).toBe("error");
  });

  it("no message holds a value of the call", () => {
    const secret = "hunter2hunter2";
    const facts = withBody({ secret, list: [1] });
    for (const source of [
      "int(request.body.secret) == 1",
      "request.body[request.body.secret] == 1",
      'request.body.secret.matches(request.body.secret + "(")',
      "timestamp(request.body.secret) < env.time",
      "request.body.secret < 1",
      "request.body.list[7] == 1",
      "env.time.getHours(request.body.secret) == 1",
    ]) {
      const result = outcome(source, facts);
      expect(result.kind).toBe("error");
      expect(JSON.stringify(result)).not.toContain(secret);
    }
  });
});

function compiledRule() {
  return {
    tree: () => {
      throw new Error("unused");
    },
    check: () => ({ ok: true as const, value: "bool" }),
  };
}
