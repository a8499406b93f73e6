import { describe, expect, it } from "vitest";
import { Kept } from "../../../src/kernel/kept.ts";

const thing = () => ({});

/** A wiring after `kept` that asks for `names`. */
function rewired(kept: Kept, ...names: readonly string[]): Kept {
  const next = kept.next();
  for (const name of names) next.keep(name, null, thing);
  next.settle();
  return next;
}

describe("what an isolate keeps", () => {
  it("is the same thing in each wiring that asks for it by the same name and the same parts", () => {
    const first = new Kept();
    const made = first.keep("cache", { size: 1, of: ["a"] }, thing);
    expect(first.keep("cache", { size: 1, of: ["a"] }, thing)).toBe(made);
    expect(first.next().keep("cache", { size: 1, of: ["a"] }, thing)).toBe(made);
  });

  it("is another thing by another name, or made from anything else", () => {
    const kept = new Kept();
    const made = kept.keep("cache", [1], thing);
    expect(kept.keep("cache", [2], thing)).not.toBe(made);
    expect(kept.keep("other", [1], thing)).not.toBe(made);
    expect(kept.next().keep("cache", [1, 2], thing)).not.toBe(made);
  });

  it("is let go where a wiring does without it", () => {
    const first = new Kept();
    const made = first.keep("cache", null, thing);
    const again = rewired(rewired(first), "cache").keep("cache", null, thing);
    expect(again).not.toBe(made);
  });

  it("stays as it was where a wiring fails half way: nothing is let go, and nothing changed", () => {
    const first = new Kept();
    const made = first.keep("cache", null, thing);
    const changes: string[] = [];
    const failed = first.next();
    failed.whenSettled(() => changes.push("changed"));
    expect(changes).toEqual([]);
    expect(first.next().keep("cache", null, thing)).toBe(made);
    failed.settle();
    failed.settle();
    expect(changes).toEqual(["changed"]);
  });
});
