import * as fc from "fast-check";
import { expect, it } from "vitest";
import { clearanceKey, clearanceTime, sealClearance } from "../../../src/protocol/captcha_clearance.ts";

const of = fc.record({ action: fc.string(), subject: fc.string(), address: fc.string() });
const time = fc.integer({ min: 1_000_000_000_000, max: 3_000_000_000_000 });

it("property: a clearance says when it was given, to the same three alone, and under its own key alone", async () => {
  const [key, another] = await Promise.all([clearanceKey("one"), clearanceKey("another")]);
  await fc.assert(
    fc.asyncProperty(of, of, time, async (mine, yours, atMs) => {
      const text = await sealClearance(mine, key, atMs);
      expect(await clearanceTime(text, mine, key, atMs)).toBe(atMs);
      expect(await clearanceTime(text, mine, another, atMs)).toBeNull();
      const isSame = JSON.stringify(Object.entries(mine)) === JSON.stringify(Object.entries(yours));
      expect(await clearanceTime(text, yours, key, atMs)).toBe(isSame ? atMs : null);
    }),
    { numRuns: 50 },
  );
});

it("a clearance from the future is none, but for what clocks may differ", async () => {
  const key = await clearanceKey("one");
  const mine = { action: "a", subject: "s", address: "x" };
  const text = await sealClearance(mine, key, 1_000_000_000_000);
  expect(await clearanceTime(text, mine, key, 1_000_000_000_000 - 5_000)).toBe(1_000_000_000_000);
  expect(await clearanceTime(text, mine, key, 1_000_000_000_000 - 5_001)).toBeNull();
});

it("property: no other text is one", async () => {
  const key = await clearanceKey("one");
  const mine = { action: "a", subject: "s", address: "x" };
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      expect(await clearanceTime(text, mine, key, 1)).toBeNull();
    }),
    { numRuns: 50 },
  );
});
