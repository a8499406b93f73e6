import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1Perishables } from "../../src/adapters/d1/retention.ts";
import { D1Shadow } from "../../src/adapters/d1/shadow.ts";
import type { ShadowDifference, ShadowRun } from "../../src/ports/shadow.ts";
import { backstage, migrate } from "../support/issuer_world.ts";

const T0 = 1_800_000_000_000;
const { db } = backstage;
const table = new D1Shadow(db);
const ANY = { tried: null, route: null, rule: null, live: null, shadow: null };

beforeAll(migrate);
beforeEach(() => table.reset(null));

function run(wishes: Partial<ShadowRun> = {}): ShadowRun {
  return { tried: "rules", compared: 1, undecided: 0, skipped: 0, firstMs: T0, lastMs: T0, ...wishes };
}

function seen(rule: string, wishes: Partial<ShadowDifference> = {}): ShadowDifference {
  const example = { requestId: `${rule}-1`, subject: "user" } as const;
  const way = { tried: "rules", route: "GET /a", action: "", live: "allow", shadow: "rule_denied", rule };
  return { ...way, calls: 1, firstMs: T0, lastMs: T0, examples: [example], ...wishes };
}

describe("differences of what is in shadow, in D1", () => {
  it("of one kind are added up, from the first to the last, in any order and at the same time", async () => {
    const many = Array.from({ length: 20 }, (_, at) => at);
    await Promise.all(
      many.toReversed().map((at) => {
        const times = { firstMs: T0 + at, lastMs: T0 + at };
        return table.note([run({ ...times, undecided: 1 })], [seen("one", times)]);
      }),
    );
    expect(await table.runs()).toEqual([run({ compared: 20, undecided: 20, lastMs: T0 + 19 })]);
    const [only, ...others] = await table.list(100, 0, ANY);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ calls: 20, firstMs: T0, lastMs: T0 + 19, rule: "one" });
    expect(only?.examples).toHaveLength(1);
  });

  it("once the table is full what is new counts together, and what is there goes on counting", async () => {
    for (let at = 0; at < 10; at++) {
      await table.note(
        [run()],
        Array.from({ length: 100 }, (_, of) => seen(`r-${at}-${of}`)),
      );
    }
    await table.note([run()], [seen("new", { calls: 3 }), seen("newer", { calls: 4 }), seen("r-0-0")]);
    const rows = await table.list(2_000, 0, ANY);
    expect(rows).toHaveLength(1_001);
    expect(rows.at(-1)).toMatchObject({ route: "*", rule: "*", calls: 7 });
    expect(rows[0]).toMatchObject({ rule: "r-0-0", calls: 2 });
  });

  it("are listed page by page, by every filter, and forgotten by what was tried", async () => {
    await table.note(
      [run(), run({ tried: "f".repeat(64) })],
      [seen("one"), seen("two", { live: "no_route", route: "" }), seen("three", { tried: "f".repeat(64) })],
    );
    const first = await table.list(2, 0, ANY);
    const rest = await table.list(2, first[1]?.id ?? 0, ANY);
    expect([...first, ...rest].map(({ rule }) => rule).sort()).toEqual(["one", "three", "two"]);
    expect((await table.list(9, 0, { ...ANY, live: "no_route" })).map(({ rule }) => rule)).toEqual(["two"]);
    expect((await table.list(9, 0, { ...ANY, tried: "f".repeat(64) })).map(({ rule }) => rule)).toEqual(["three"]);
    expect(await table.reset("rules")).toBe(2);
    expect((await table.list(9, 0, ANY)).map(({ rule }) => rule)).toEqual(["three"]);
    expect((await table.runs()).map(({ tried }) => tried)).toEqual(["f".repeat(64)]);
  });

  it("are forgotten after the last call of their kind, and how much was compared with the last of them", async () => {
    const perishables = new D1Perishables(db);
    const other = "f".repeat(64);
    const counted = (tried: string, rule: string, at: number) => {
      const times = { tried, firstMs: T0 + at, lastMs: T0 + at };
      return table.note([run(times)], [seen(rule, times)]);
    };
    await counted("rules", "over", 5);
    await counted("rules", "young", 6);
    await counted("rules", "again", 1);
    await counted("rules", "again", 9);
    await counted(other, "long-ago", 1);
    const left = async () => [
      (await table.list(9, 0, ANY)).map(({ rule }) => rule),
      (await table.runs()).map(({ tried }) => tried),
    ];
    expect(await perishables.forgetShadow(T0 + 5, 1), "the oldest first").toBe(2);
    expect(await left()).toEqual([["over", "young", "again"], ["rules"]]);
    expect(await perishables.forgetShadow(T0 + 5, 100)).toBe(1);
    expect(await perishables.forgetShadow(T0 + 9, 100)).toBe(3);
    expect(await left()).toEqual([[], []]);
  });

  it("that are not what a gate tells leave nothing", async () => {
    for (const odd of [seen("x".repeat(201)), { ...seen("x"), live: "x".repeat(65) }]) {
      await expect(table.note([run()], [odd])).rejects.toThrow();
    }
    expect([await table.list(9, 0, ANY), await table.runs()]).toEqual([[], []]);
  });
});
