import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkBody, requestBodyShape } from "../../../src/openapi/check_body.ts";
import { checkResponseText } from "../../../src/openapi/check_response.ts";
import type { Contract } from "../../../src/openapi/contract.ts";
import { type FieldRules, type FieldTerms, fieldContracts } from "../../../src/openapi/field_contracts.ts";
import { contradictions, type FieldAudience, type FieldSayings, ruleTree } from "../../../src/openapi/field_tree.ts";
import { responseShape } from "../../../src/openapi/response_shape.ts";
import { type FieldRights, NO_RIGHTS } from "../../../src/policy/field_grants.ts";

type Json = null | number | string | readonly Json[] | { readonly [name: string]: Json };
type Properties = FieldRules["properties"];
type Unlisted = FieldRules["unlisted"]["read"];

function contractFor(
  method: string,
  properties: Properties,
  unlisted: Unlisted,
  more: Partial<FieldTerms> = {},
): Contract {
  const rules = { type: "note", id: "/id", properties, unlisted: { read: unlisted, write: unlisted } };
  const whole = { at: "", beside: [] };
  const { byMethod, faults } = fieldContracts({
    rules,
    methods: [method],
    resource: null,
    bodyIds: [],
    request: whole,
    response: whole,
    takesJson: false,
    unwritable: "refuse",
    leftOut: "deleted",
    maxResponseBytes: 1_000_000,
    maxDepth: 32,
    ...more,
  });
  expect(faults).toEqual([]);
  const contract = byMethod.get(method);
  if (contract === undefined) throw new Error("no contract");
  return contract;
}

/** What somebody with `roles` reads of `value`; null where it is withheld. */
function read(contract: Contract, value: Json, roles: readonly string[]): Json {
  const shape = responseShape(contract.operation.responses, 200);
  const node = shape?.byType.get("application/json")?.node;
  if (shape === null || node === undefined || node === null) throw new Error("no response");
  const viewer = { rights: { ...NO_RIGHTS, roles }, isPartial: true };
  const checked = checkResponseText(node, JSON.stringify(value), contract, shape, viewer);
  return checked.kind === "shown" && checked.text !== null ? JSON.parse(checked.text) : null;
}

/** What becomes of `value` when somebody with `rights` sends it: what goes on, or why it does not. */
function send(contract: Contract, value: Json, rights: Partial<FieldRights>): string {
  const shape = requestBodyShape(contract, "application/json", null);
  if (!shape.ok) throw new Error("no body");
  const text = JSON.stringify(value);
  const checked = checkBody(shape.value, text, contract, { rights: { ...NO_RIGHTS, ...rights }, isSealed: false });
  return checked.kind === "fits" ? (checked.text ?? text) : checked.kind;
}

const HR: FieldAudience = ["role:hr"];
const TABLE: Properties = {
  "/name": { read: "anyone", write: "anyone" },
  "/pay": { read: ["role:hr", "role:boss"], write: HR },
  "/pay/bonus": { read: HR },
  "/home": { read: HR, write: "nobody" },
  "/home/city": { read: HR },
  "/jobs/*/title": { read: "anyone", write: HR },
};
const WHOLE: Json = {
  name: "a",
  pay: { base: 1, bonus: 2 },
  home: { city: "c", street: "s" },
  jobs: [{ title: "t", place: "p" }],
  other: 1,
};

describe("who reads what: a table", () => {
  it.each<[string, readonly string[], Unlisted, Json]>([
    ["nobody in particular", [], "nobody", { name: "a", jobs: [{ title: "t" }] }],
    ["a boss, but for a part", ["boss"], "nobody", { name: "a", pay: { base: 1 }, jobs: [{ title: "t" }] }],
    [
      "hr",
      ["hr"],
      "nobody",
      { name: "a", pay: { base: 1, bonus: 2 }, home: { city: "c", street: "s" }, jobs: [{ title: "t" }] },
    ],
    ["nobody in particular", [], "anyone", { name: "a", jobs: [{ title: "t", place: "p" }], other: 1 }],
    ["another spelling of a role", ["HR", "role:hr"], "nobody", { name: "a", jobs: [{ title: "t" }] }],
  ])("%s %j, others %s", (_, roles, unlisted, seen) => {
    expect(read(contractFor("GET", TABLE, unlisted), WHOLE, roles)).toEqual(seen);
  });
});

describe("who writes what: a table", () => {
  it.each<[string, Json, readonly string[], Unlisted, string]>([
    ["POST", { name: "b" }, [], "nobody", "fits"],
    ["POST", { pay: 1 }, [], "nobody", "unwritable"],
    ["POST", { pay: { bonus: 1 } }, [], "nobody", "unwritable"],
    ["POST", { pay: { bonus: 1 } }, ["hr"], "nobody", "fits"],
    ["POST", { home: { city: "c" } }, ["hr"], "anyone", "invalid"],
    ["POST", { other: 1 }, ["hr"], "nobody", "invalid"],
    ["POST", { other: 1 }, [], "anyone", "fits"],
    ["POST", { jobs: [{ title: "t" }] }, [], "anyone", "unwritable"],
    ["POST", { jobs: [{ place: "p" }] }, [], "nobody", "invalid"],
    ["POST", { jobs: [{ place: "p" }] }, [], "anyone", "fits"],
    ["POST", { jobs: { 0: { title: "t" } } }, ["hr"], "anyone", "invalid"],
    ["POST", { jobs: null }, ["hr"], "nobody", "invalid"],
    ["PATCH", { jobs: [] }, [], "anyone", "unwritable"],
    ["PATCH", { jobs: [] }, ["hr"], "nobody", "fits"],
    ["PATCH", { jobs: null }, [], "anyone", "unwritable"],
    ["PATCH", { pay: null }, ["hr"], "nobody", "fits"],
    ["PUT", { name: "b" }, [], "anyone", "unwritable"],
    ["PUT", { name: "b" }, ["hr"], "nobody", "fits"],
    ["POST", [{ name: "b" }], ["hr"], "nobody", "invalid"],
  ])("%s %j by %j, others %s: %s", (method, body, roles, unlisted, outcome) => {
    const sent = send(contractFor(method, TABLE, unlisted), body, { roles });
    expect(sent === JSON.stringify(body) ? "fits" : sent).toBe(outcome);
  });

  it("items that nobody may write are in no list that is sent", () => {
    const contract = contractFor("POST", { "/a": { write: "anyone" }, "/a/*": { write: "nobody" } }, "nobody");
    expect([send(contract, { a: [1] }, {}), send(contract, { a: [] }, {})]).toEqual(["invalid", '{"a":[]}']);
  });

  it("of several resources the writer needs a relation to each, whichever gives it", () => {
    const contract = contractFor("POST", { "/a": { write: ["relation:owner", "relation:editor"] } }, "nobody");
    const has: Readonly<Record<string, string>> = { "1": "owner", "2": "editor" };
    const related: FieldRights["related"] = ({ id }, relation) => has[id] === relation;
    const of = (...ids: string[]) =>
      send(contract, { a: 1 }, { related, resources: ids.map((id) => ({ type: "note", id })) });
    expect([of("1"), of("1", "2"), of("1", "3"), of("3"), of()].map((sent) => sent !== "unwritable")).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

/* A naive reading of the rules: a leaf is for whom every rule above it is for, where there is one. */

type Shape = "leaf" | readonly [Shape] | { readonly [name: string]: Shape };
const audience = fc.option(
  fc.constantFrom<FieldAudience>("anyone", "nobody", ["role:x"], ["role:y"], ["role:x", "role:y"]),
  {
    nil: undefined,
    freq: 2,
  },
);
const { shape: SHAPE } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant<Shape>("leaf"),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("shape"), { minKeys: 1, maxKeys: 3 }),
    fc.tuple(tie("shape")),
  ),
}));
const RESOURCE = fc.dictionary(fc.constantFrom("a", "b", "c"), SHAPE, { minKeys: 1, maxKeys: 3 });

function pathsOf(shape: Shape, at = ""): string[] {
  if (shape === "leaf") return [at];
  if (Array.isArray(shape)) return [at, ...pathsOf(shape[0] as Shape, `${at}/*`)];
  return [at, ...Object.entries(shape).flatMap(([name, one]) => pathsOf(one, `${at}/${name}`))];
}

function valueFor(shape: Shape): fc.Arbitrary<Json> {
  if (shape === "leaf") return fc.constantFrom<Json>(1, "s", { q: 1 });
  if (Array.isArray(shape)) return fc.array(valueFor(shape[0] as Shape), { minLength: 1, maxLength: 2 });
  const members = Object.entries(shape).map(([name, one]) => [name, valueFor(one)] as const);
  return fc.record({ ...Object.fromEntries(members), z: fc.constant<Json>(0) }, { requiredKeys: ["z"] });
}

/** A change of such a value: parts of it may be nothing, or no list any more. */
function changeFor(shape: Shape): fc.Arbitrary<Json> {
  if (shape === "leaf") return fc.constantFrom<Json>(2, null);
  const nothing = fc.constant<Json>(null);
  if (Array.isArray(shape)) {
    return fc.oneof(nothing, fc.array(changeFor(shape[0] as Shape), { maxLength: 2 }));
  }
  const parts = Object.entries(shape).map(([name, one]) => [name, changeFor(one)] as const);
  const some = fc
    .subarray(parts, { minLength: 0 })
    .chain((kept) => fc.record<Record<string, Json>>(Object.fromEntries(kept)));
  return fc.oneof({ arbitrary: some, weight: 4 }, { arbitrary: nothing, weight: 1 });
}

/** RFC 7396 §2. */
function merged(target: Json, patch: Json): Json {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const before = typeof target !== "object" || target === null || Array.isArray(target) ? {} : target;
  const after: Record<string, Json> = { ...(before as Readonly<Record<string, Json>>) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete after[name];
    else after[name] = merged(after[name] ?? null, value);
  }
  return after;
}

/** The scalars in `value`, by their places as pointers with indexes; and the same with `*`. */
function leaves(
  value: Json,
  at = "",
  rule = "",
): { readonly at: string; readonly rule: string; readonly value: Json }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${at}/${index}`, `${rule}/*`));
  if (typeof value !== "object" || value === null) return [{ at, rule, value }];
  return Object.entries(value).flatMap(([name, one]) => leaves(one, `${at}/${name}`, `${rule}/${name}`));
}

/** What is said of `place` and of all that it is in. */
function saidOf(properties: Properties, use: keyof FieldSayings, place: string): FieldAudience[] {
  const steps = place.split("/").slice(1);
  const said = steps.map((_, at) => properties[`/${steps.slice(0, at + 1).join("/")}`]?.[use]);
  return said.filter((one) => one !== undefined);
}

function isFor(
  properties: Properties,
  use: keyof FieldSayings,
  place: string,
  unlisted: Unlisted,
  roles: readonly string[],
) {
  const said = saidOf(properties, use, place);
  if (said.length === 0) return unlisted === "anyone";
  return said.every(
    (one) => one === "anyone" || (one !== "nobody" && one.some((entry) => roles.includes(entry.slice(5)))),
  );
}

const WORLD = RESOURCE.chain((shape) => {
  const paths = pathsOf(shape).filter((path) => path !== "");
  const said = fc.record({ read: audience, write: audience });
  return fc.record({
    properties: fc.tuple(...paths.map(() => said)).map((all) => {
      const named = paths.map((path, at): [string, FieldSayings] => [path, all[at] ?? {}]);
      return Object.fromEntries(named.filter(([, one]) => one.read !== undefined || one.write !== undefined));
    }),
    shape: fc.constant(shape),
    value: valueFor(shape),
    unlisted: fc.constantFrom<Unlisted>("anyone", "nobody"),
    roles: fc.subarray(["x", "y"]),
  });
});

describe("whatever the rules", () => {
  it("what is read is what they say, and nothing else", () => {
    let hidden = 0;
    fc.assert(
      fc.property(WORLD, ({ properties, value, unlisted, roles }) => {
        fc.pre(contradictions(ruleTree(properties)).length === 0);
        const seen = read(contractFor("GET", properties, unlisted), value, roles);
        // A list whose items go has others in their places: how often each place of the rules is seen is what counts.
        const places = (all: ReturnType<typeof leaves>) => all.map(({ rule }) => rule).sort();
        const wanted = leaves(value).filter(({ rule }) => isFor(properties, "read", rule, unlisted, roles));
        expect(places(leaves(seen))).toEqual(places(wanted));
        if (wanted.length < leaves(value).length) hidden++;
      }),
      { numRuns: 400 },
    );
    expect(hidden).toBeGreaterThan(50);
  });

  it("no patch and no PUT that goes on changes, adds or takes away what is for others to write", () => {
    const passed = { PATCH: 0, PUT: 0 };
    const CHANGE = WORLD.chain((world) => fc.record({ world: fc.constant(world), body: changeFor(world.shape) }));
    fc.assert(
      fc.property(CHANGE, fc.constantFrom("PATCH", "PUT"), ({ world, body }, method) => {
        const { properties, value, unlisted, roles } = world;
        fc.pre(contradictions(ruleTree(properties)).length === 0);
        const contract = contractFor(method, properties, unlisted);
        if (send(contract, body, { roles }) !== JSON.stringify(body)) return;
        passed[method]++;
        const isOthers = (rule: string) =>
          saidOf(properties, "write", rule).some(
            (one) => typeof one === "object" && !one.some((entry) => roles.includes(entry.slice(5))),
          );
        const others = (all: Json) => leaves(all).filter(({ rule }) => isOthers(rule));
        expect(others(method === "PUT" ? body : merged(value, body))).toEqual(others(value));
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(passed.PATCH, passed.PUT)).toBeGreaterThan(20);
  });

  it("what is sent goes on where all of it is the sender's, and what is left of another body is", () => {
    let refused = 0;
    fc.assert(
      fc.property(WORLD, ({ properties, value, unlisted, roles }) => {
        fc.pre(contradictions(ruleTree(properties)).length === 0);
        const own = (body: Json) => leaves(body).every(({ rule }) => isFor(properties, "write", rule, unlisted, roles));
        const sent = send(contractFor("POST", properties, unlisted), value, { roles });
        if (own(value)) expect(sent).toBe(JSON.stringify(value));
        else {
          refused++;
          expect(["invalid", "unwritable"]).toContain(sent);
        }
        const left = send(contractFor("POST", properties, unlisted, { unwritable: "drop" }), value, { roles });
        if (!["invalid", "unwritable"].includes(left)) expect(own(JSON.parse(left))).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});
