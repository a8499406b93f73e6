import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lru } from "../../../src/kernel/lru.ts";

describe("a cache with two bounds", () => {
  it("never holds more entries or bytes than it may, and its sums are true, whatever is done to it", () => {
    const step = fc.record({
      act: fc.constantFrom("set", "set", "set", "get", "delete"),
      key: fc.constantFrom("a", "b", "c", "d", "e", "__proto__"),
      bytes: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bounds = { maxEntries: 3, maxBytes: 50 };
        const lru = new Lru<number>(bounds);
        // The newest use last; what the cache should hold.
        let model: { key: string; bytes: number; value: number }[] = [];
        for (const [value, { act, key, bytes }] of steps.entries()) {
          const held = model.find((entry) => entry.key === key);
          model = model.filter((entry) => entry !== held);
          if (act === "get") {
            expect(lru.get(key)).toBe(held?.value);
            if (held !== undefined) model.push(held);
          } else if (act === "delete") lru.delete(key);
          else {
            lru.set(key, value, bytes);
            model.push({ key, bytes, value });
            const sum = () => model.reduce((total, entry) => total + entry.bytes, 0);
            while (model.length > bounds.maxEntries || sum() > bounds.maxBytes) model.shift();
          }
          expect(lru.size).toBe(model.length);
          expect(lru.bytes).toBe(model.reduce((total, entry) => total + entry.bytes, 0));
        }
        for (const entry of model) expect(lru.get(entry.key)).toBe(entry.value);
      }),
      { numRuns: 2_000 },
    );
  });

  it("an entry larger than the whole cache is not kept, and pushes nobody out but its own old value", () => {
    const lru = new Lru<string>({ maxEntries: 10, maxBytes: 10 });
    lru.set("a", "small", 5);
    lru.set("b", "small", 5);
    lru.set("a", "huge", 11);
    expect([lru.get("a"), lru.get("b"), lru.bytes]).toEqual([undefined, "small", 5]);
  });

  it("a flood of new names keeps what is in use", () => {
    const lru = new Lru<number>({ maxEntries: 100, maxBytes: 1_000_000 });
    lru.set("used", 1, 10);
    for (let count = 0; count < 10_000; count++) {
      lru.set(`flood-${count}`, count, 10);
      if (count % 50 === 0) expect(lru.get("used")).toBe(1);
    }
    expect(lru.size).toBe(100);
  });

  it("what grows where it is pushes out the oldest, or itself where it is larger than the whole", () => {
    const lru = new Lru<string>({ maxEntries: 10, maxBytes: 10 });
    for (const key of ["a", "b", "c"]) lru.set(key, key, 3);
    lru.resize("c", 5);
    expect([lru.get("a"), lru.get("b"), lru.get("c"), lru.bytes]).toEqual([undefined, "b", "c", 8]);
    lru.resize("c", 1);
    lru.resize("gone", 9);
    expect([lru.size, lru.bytes]).toEqual([2, 4]);
    lru.resize("b", 11);
    expect([lru.get("b"), lru.get("c"), lru.bytes]).toEqual([undefined, "c", 1]);
  });
});
