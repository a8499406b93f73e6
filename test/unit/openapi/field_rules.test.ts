import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contradictions, type FieldAudience, type FieldSayings, ruleTree } from "../../../src/openapi/field_tree.ts";
import { contractFor, type Json, type Properties, read, send, type Unlisted } from "../../support/field_contract.ts";

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
