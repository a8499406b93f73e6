import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { held, join, type Lease, leaseEndsAtMs, leaseSize, sharedPolicy, spend } from "../../../src/limits/lease.ts";
import { bucket, fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

const lease = fc.array(
  fc.record({ units: fc.integer({ min: 1, max: 9 }), endsAtMs: fc.integer({ min: T0, max: T0 + 50 }) }),
  { maxLength: 4 },
);
const moment = fc.integer({ min: T0 - 1, max: T0 + 51 });

describe("lease arithmetic", () => {
  it("spending makes no units and loses none that live", () => {
    fc.assert(
      fc.property(lease, fc.nat(30), moment, (some, most, nowMs) => {
        const before = held(some, nowMs);
        const { units, taken, left } = spend(some, most, nowMs);
        expect(units).toBe(Math.min(most, before));
        expect([held(taken, nowMs), held(left, nowMs)]).toEqual([units, before - units]);
      }),
    );
  });

  it("joining makes no units, holds no more than the size, and prolongs nothing", () => {
    fc.assert(
      fc.property(lease, lease, fc.nat(20), moment, (one, other, size, nowMs) => {
        const joined = join(one, other, size, nowMs);
        const all: Lease = [...one, ...other];
        expect(held(joined, nowMs)).toBe(Math.min(size, held(all, nowMs)));
        for (const later of [nowMs + 10, nowMs + 30]) {
          expect(held(joined, later)).toBeLessThanOrEqual(held(all, later));
        }
      }),
    );
  });

  it.each([
    ["a limit of 19: none", fixed(19), 0],
    ["a limit of 20: one", fixed(20), 1],
    ["a limit of 100: five", fixed(100), 5],
    ["a burst of 100: five", bucket(100), 5],
    ["a bucket that refills them at once: none", { ...bucket(20), refill: 2_000, intervalSeconds: 1 }, 0],
  ])("%s", (_, policy, size) => {
    expect(leaseSize(policy)).toBe(size);
  });

  it("ends with the window, or when a bucket has refilled as much", () => {
    expect(leaseEndsAtMs(fixed(100), T0 + 9_999)).toBe(T0 + 10_000);
    expect(leaseEndsAtMs(fixed(100), T0 + 10_000)).toBe(T0 + 20_000);
    expect(leaseEndsAtMs(bucket(100), T0 + 1)).toBe(T0 + 300_001);
  });

  it("the shared bucket is smaller by a twentieth, a window is as it is", () => {
    expect(sharedPolicy(bucket(100))).toEqual({ ...bucket(100), burst: 95 });
    expect(sharedPolicy(fixed(100))).toEqual(fixed(100));
  });
});
