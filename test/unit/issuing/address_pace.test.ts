import { describe, expect, it } from "vitest";
import { AddressPace } from "../../../src/issuing/address_pace.ts";

const T0 = 1_800_000_000_000;

/** How many of `units` were let through, in order. */
function through(pace: AddressPace, units: readonly string[], nowMs = T0): number {
  return units.filter((unit) => pace.take(unit, nowMs) === 0).length;
}

const unit = (site: number, home: number, at: number) =>
  `2001:db8:${site.toString(16)}:${(home * 256 + at).toString(16)}::/64`;

describe("a pace in memory, by address and by the networks that it lies in", () => {
  it("a /56 has four times that of a /64, and a /48 sixteen times, however many addresses are used", () => {
    const pace = new AddressPace(3);
    const home = Array.from({ length: 100 }, (_, at) => unit(1, 0, at));
    expect(through(pace, home)).toBe(12);
    const site = Array.from({ length: 200 }, (_, at) => unit(1, 1 + (at % 200), at % 3));
    expect(through(pace, site)).toBe(36);
    expect(through(pace, [unit(2, 0, 0), "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1"])).toBe(4);
    expect(through(pace, home, T0 + 60_000)).toBe(12);
  });

  it("who is over the own pace takes nothing of the neighbours'", () => {
    const pace = new AddressPace(3);
    expect(through(pace, Array(100).fill(unit(1, 0, 0)))).toBe(3);
    expect(
      through(
        pace,
        [1, 2, 3].flatMap((at) => Array<string>(3).fill(unit(1, 0, at))),
      ),
    ).toBe(9);
    expect(pace.take(unit(1, 0, 9), T0)).toBeGreaterThan(0);
  });
});
