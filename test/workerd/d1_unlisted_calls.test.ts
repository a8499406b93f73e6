import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1Perishables } from "../../src/adapters/d1/retention.ts";
import { D1UnlistedCalls } from "../../src/adapters/d1/unlisted_calls.ts";
import type { UnlistedCall } from "../../src/ports/unlisted_calls.ts";
import { backstage, migrate } from "../support/issuer_world.ts";

const T0 = 1_800_000_000_000;
const DAY = 86_400_000;
const { db } = backstage;
const table = new D1UnlistedCalls(db);

beforeAll(migrate);
beforeEach(() => db.exec("DELETE FROM unlisted_calls"));

function seen(path: string, wishes: Partial<UnlistedCall> = {}): UnlistedCall {
  return { kind: "path", method: "GET", path, calls: 1, firstMs: T0, lastMs: T0, ...wishes };
}

describe("calls that no route lists, in D1", () => {
  it("of one shape are added up, from the first to the last, in any order and at the same time", async () => {
    const many = Array.from({ length: 20 }, (_, at) => seen("/export", { firstMs: T0 + at, lastMs: T0 + at }));
    await Promise.all(many.toReversed().map((call) => table.note([call, seen("/other")])));
    await table.note([seen("/export", { method: "POST", calls: 30 }), seen("/export", { kind: "method" })]);
    expect(await table.list(100)).toEqual([
      seen("/export", { method: "POST", calls: 30 }),
      seen("/export", { calls: 20, lastMs: T0 + 19 }),
      seen("/other", { calls: 20 }),
      seen("/export", { kind: "method" }),
    ]);
  });

  it("once the table is full what is new counts together, and what is there goes on counting", async () => {
    for (let at = 0; at < 10; at++) {
      await table.note(Array.from({ length: 100 }, (_, of) => seen(`/scan-${at}-${of}`)));
    }
    await table.note([seen("/new", { calls: 3 }), seen("/newer", { method: "PUT", calls: 4 }), seen("/scan-0-0")]);
    await table.note([seen("/newest", { kind: "method", lastMs: T0 + 9 })]);
    const rows = await table.list(2_000);
    expect(rows).toHaveLength(1_002);
    expect(rows.slice(0, 2)).toEqual([seen("*", { method: "*", calls: 7 }), seen("/scan-0-0", { calls: 2 })]);
    expect(rows).toContainEqual(seen("*", { kind: "method", method: "*", lastMs: T0 + 9 }));
  });

  it("are forgotten a while after the last of them, and after a day where there were few", async () => {
    await table.note([
      seen("/rare-long-ago", { calls: 9, lastMs: T0 - DAY }),
      seen("/rare-lately", { calls: 9, lastMs: T0 - DAY + 1 }),
      seen("/often-long-ago", { calls: 10, lastMs: T0 - 30 * DAY }),
      seen("/often-lately", { calls: 10, lastMs: T0 - 30 * DAY + 1 }),
    ]);
    const perishables = new D1Perishables(db);
    expect(await perishables.forgetUnlistedCalls(T0 - DAY, T0 - 30 * DAY, 1)).toBe(1);
    expect(await perishables.forgetUnlistedCalls(T0 - DAY, T0 - 30 * DAY, 500)).toBe(1);
    expect((await table.list(100)).map(({ path }) => path).toSorted()).toEqual(["/often-lately", "/rare-lately"]);
  });

  it("that are not what a gate tells leave nothing", async () => {
    for (const odd of [
      seen("x".repeat(501)),
      { ...seen("/x"), kind: "other" },
      { ...seen("/x"), method: "M".repeat(17) },
    ]) {
      await expect(table.note([odd as UnlistedCall])).rejects.toThrow();
    }
    expect(await table.list(100)).toEqual([]);
  });
});
