import { describe, expect, it } from "vitest";
import { LocalPace } from "../../../src/limits/local_pace.ts";
import { RefusedKeys } from "../../../src/limits/refused_keys.ts";

const T0 = 1_800_000_000_000;

describe("a pace in an isolate's memory", () => {
  it("so many at once, then spread over the minute, each key by itself, and a refused take costs nothing", () => {
    const pace = new LocalPace(3);
    const waits = [0, 0, 0, 0, 0, 19_999, 20_000, 20_001].map((afterMs) => pace.take("a", T0 + afterMs));
    expect(waits).toEqual([0, 0, 0, 20, 20, 1, 0, 20]);
    expect(pace.take("b", T0)).toBe(0);
  });
});

describe("who was refused elsewhere", () => {
  it("waits to the end that was told, and not at it; nobody else does", () => {
    const refused = new RefusedKeys();
    refused.refuse("a", 30, T0);
    expect([T0, T0 + 29_001, T0 + 30_000].map((atMs) => refused.waitSeconds("a", atMs))).toEqual([30, 1, 0]);
    expect(refused.waitSeconds("b", T0)).toBe(0);
  });
});
