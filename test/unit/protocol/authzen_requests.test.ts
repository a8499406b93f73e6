import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEvaluations } from "../../../src/protocol/authzen/evaluations_request.ts";
import { authzenMetadata } from "../../../src/protocol/authzen/metadata.ts";
import { type JsonObject, readQuestion } from "../../../src/protocol/authzen/question.ts";
import { readSearch, type SearchKind, sameThroughPages } from "../../../src/protocol/authzen/search_request.ts";

const alice = { type: "user", id: "alice" };
const read = { name: "read" };
const record = { type: "record", id: "record-1" };
const whole = { subject: alice, action: read, resource: record };

function faultOf(request: JsonObject): string | null {
  const question = readQuestion(request);
  return question.ok ? null : `${question.error.member} ${question.error.fault}`;
}

describe("AuthZEN 1.0 §6.1: an access evaluation request", () => {
  it("has a subject, an action and a resource; what is optional is empty", () => {
    expect(readQuestion(whole)).toEqual({
      ok: true,
      value: {
        subject: { ...alice, properties: {} },
        action: { ...read, properties: {} },
        resource: { ...record, properties: {} },
        context: {},
      },
    });
  });

  it("§10.1.1: members that nobody knows are passed over, at every level", () => {
    const request = { ...whole, subject: { ...alice, x: 1 }, action: { ...read, x: 1 }, foo: "bar", later: { a: 1 } };
    expect(readQuestion(request)).toEqual(readQuestion(whole));
  });

  it.each([
    [{ action: read, resource: record }, "subject missing"],
    [{ subject: alice, resource: record }, "action missing"],
    [{ subject: alice, action: read }, "resource missing"],
    [{ ...whole, subject: { id: "alice" } }, "subject.type missing"],
    [{ ...whole, subject: { type: "user" } }, "subject.id missing"],
    [{ ...whole, action: {} }, "action.name missing"],
    [{ ...whole, resource: { id: "record-1" } }, "resource.type missing"],
    [{ ...whole, resource: { type: "record" } }, "resource.id missing"],
    [{ ...whole, subject: "alice" }, "subject malformed"],
    [{ ...whole, subject: [alice] }, "subject malformed"],
    [{ ...whole, subject: null }, "subject malformed"],
    [{ ...whole, action: { name: 123 } }, "action.name malformed"],
    [{ ...whole, resource: { ...record, id: 7 } }, "resource.id malformed"],
    [{ ...whole, subject: { ...alice, id: "\ud800" } }, "subject.id malformed"],
    [{ ...whole, subject: { ...alice, properties: "admin" } }, "subject.properties malformed"],
    [{ ...whole, resource: { ...record, properties: null } }, "resource.properties malformed"],
    [{ ...whole, action: { ...read, properties: [] } }, "action.properties malformed"],
    [{ ...whole, context: "now" }, "context malformed"],
  ])("%j: %s", (request, fault) => {
    expect(faultOf(request)).toBe(fault);
  });

  it("what every object of JavaScript has is not what was sent", () => {
    expect(faultOf(JSON.parse('{"__proto__":{"subject":{}}}'))).toBe("subject missing");
    expect(faultOf({ ...whole, subject: Object.create({ type: "user", id: "alice" }) })).toBe("subject.type missing");
  });
});

describe("AuthZEN 1.0 §7.1: an access evaluations request", () => {
  const several = (request: JsonObject, most = 10) => {
    const read = readEvaluations(request, most);
    if (!read.ok || read.value.kind !== "several") throw new Error("not several");
    return read.value;
  };

  it.each([
    ["without a list", whole],
    ["with an empty one", { ...whole, evaluations: [] }],
  ])("%s it asks one question", (_, request) => {
    expect(readEvaluations(request, 10)).toEqual({
      ok: true,
      value: { kind: "one", question: expect.objectContaining({ action: { name: "read", properties: {} } }) },
    });
  });

  it("§7.1.1: an evaluation takes over whole members, and replaces them whole", () => {
    const request = {
      ...whole,
      resource: { ...record, properties: { status: "active" } },
      context: { time: "2025-06-27T18:03:00Z" },
      evaluations: [{}, { resource: { type: "record", id: "record-2" }, context: {} }, { action: { name: "write" } }],
    };
    const { questions, semantic } = several(request);
    expect(semantic).toBe("execute_all");
    expect(questions.map((question) => question.ok && question.value)).toEqual([
      expect.objectContaining({
        resource: { ...record, properties: { status: "active" } },
        context: { time: "2025-06-27T18:03:00Z" },
      }),
      expect.objectContaining({ resource: { type: "record", id: "record-2", properties: {} }, context: {} }),
      expect.objectContaining({ action: { name: "write", properties: {} } }),
    ]);
  });

  it("a default that is replaced everywhere may be anything", () => {
    const { questions } = several({ ...whole, resource: {}, evaluations: [{ resource: record }] });
    expect(questions[0]?.ok).toBe(true);
  });

  it("§7.2.1: an evaluation that cannot be read fails in its place, and no other", () => {
    const { resource: _, ...defaults } = whole;
    const { questions } = several({ ...defaults, evaluations: [{ resource: record }, {}, 7, { resource: null }] });
    expect(questions.map((question) => (question.ok ? "read" : `${question.error.member}`))).toEqual([
      "read",
      "resource",
      "evaluation",
      "resource",
    ]);
  });

  it.each(["execute_all", "deny_on_first_deny", "permit_on_first_permit"] as const)("knows %s", (semantic) => {
    const options = { evaluations_semantic: semantic, another_option: "value" };
    expect(several({ ...whole, options, evaluations: [{}] }).semantic).toBe(semantic);
  });

  it.each([
    ["another semantic", { options: { evaluations_semantic: "permit_all" } }, "options.evaluations_semantic"],
    ["a semantic that is null", { options: { evaluations_semantic: null } }, "options.evaluations_semantic"],
    ["options that are none", { options: "execute_all" }, "options"],
    ["a list that is none", { evaluations: {} }, "evaluations"],
    ["a list that is null", { evaluations: null }, "evaluations"],
  ])("%s: the whole request is malformed", (_, members, member) => {
    const request = { ...whole, evaluations: [{}], ...members };
    expect(readEvaluations(request, 10)).toEqual({ ok: false, error: { member, fault: "malformed" } });
  });

  it("more than may be asked at once are too many, before any is read", () => {
    const request = { ...whole, evaluations: Array.from({ length: 11 }, () => ({})) };
    expect(readEvaluations(request, 10)).toEqual({ ok: false, error: { member: "evaluations", fault: "too_many" } });
    expect(several({ ...whole, evaluations: request.evaluations.slice(1) }).questions).toHaveLength(10);
  });

  it("each evaluation has its place, whatever is sent", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 8 }), (evaluations) => {
        const { questions } = several({ ...whole, evaluations });
        expect(questions).toHaveLength(evaluations.length);
      }),
    );
  });
});

describe("AuthZEN 1.0 §8: search requests", () => {
  const requests = {
    subject: { subject: { type: "user" }, action: read, resource: record },
    resource: { subject: alice, action: read, resource: { type: "record" } },
    action: { subject: alice, resource: record },
  } satisfies Record<SearchKind, JsonObject>;

  it.each(["subject", "resource"] as const)("the id of the %s that is searched for is passed over", (kind) => {
    const request = { ...requests[kind], [kind]: { type: requests[kind][kind].type, id: 7, properties: "x" } };
    expect(readSearch(request, kind)).toEqual(readSearch(requests[kind], kind));
  });

  it.each([
    ["subject", { action: undefined }, "action missing"],
    ["subject", { resource: { type: "record" } }, "resource.id missing"],
    ["subject", { subject: {} }, "subject.type missing"],
    ["resource", { subject: undefined }, "subject missing"],
    ["resource", { subject: { type: "user" } }, "subject.id missing"],
    ["resource", { resource: {} }, "resource.type missing"],
    ["action", { resource: undefined }, "resource missing"],
    ["action", { subject: { type: "user" } }, "subject.id missing"],
    ["subject", { page: "2" }, "page malformed"],
    ["subject", { page: { limit: -1 } }, "page.limit malformed"],
    ["subject", { page: { limit: 1.5 } }, "page.limit malformed"],
    ["subject", { page: { limit: "10" } }, "page.limit malformed"],
    ["subject", { page: { token: 7 } }, "page.token malformed"],
    ["subject", { page: { token: "" } }, "page.token malformed"],
    ["subject", { page: { properties: [] } }, "page.properties malformed"],
  ] as const)("%s search, %j: %s", (kind, members, fault) => {
    const request = Object.fromEntries(
      Object.entries({ ...requests[kind], ...members }).filter(([, value]) => value !== undefined),
    );
    const search = readSearch(request, kind);
    expect(search.ok ? null : `${search.error.member} ${search.error.fault}`).toBe(fault);
  });

  it("§8.2.1: what has to stay the same from page to page is all but the page", () => {
    const same = (request: JsonObject) => {
      const search = readSearch(request, "resource");
      return search.ok ? JSON.stringify(sameThroughPages(search.value)) : null;
    };
    const { resource } = requests;
    expect(same({ ...resource, page: { token: "x", limit: 2 } })).toBe(same(resource));
    expect(same({ ...resource, subject: { ...alice, id: "bob" } })).not.toBe(same(resource));
    expect(same({ ...resource, subject: { ...alice, properties: { a: 1 } } })).not.toBe(same(resource));
    expect(same({ ...resource, context: { time: "now" } })).not.toBe(same(resource));
    expect(same({ ...resource, action: { name: "write" } })).not.toBe(same(resource));
  });
});

describe("AuthZEN 1.0 §9.1: metadata", () => {
  it("names what is there, and nothing else", () => {
    expect(authzenMetadata({ url: "https://api.example", searches: false })).toEqual({
      policy_decision_point: "https://api.example",
      access_evaluation_endpoint: "https://api.example/access/v1/evaluation",
      access_evaluations_endpoint: "https://api.example/access/v1/evaluations",
    });
    expect(Object.keys(authzenMetadata({ url: "https://api.example", searches: true }))).toHaveLength(6);
  });
});
