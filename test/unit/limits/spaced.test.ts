import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { takeSpaced } from "../../../src/limits/spaced.ts";

const T0 = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const SPACING = { burst: 3, everyMs: 12 * MINUTE_MS };

describe("a spaced budget", () => {
  it("lets a burst through, then one at a time, and says how long to wait", () => {
    let fullAtMs = 0;
    const waits: number[] = [];
    for (const minute of [0, 0, 0, 0, 11, 12, 12, 24, 60, 60, 60, 60]) {
      const taken = takeSpaced(fullAtMs, SPACING, T0 + minute * MINUTE_MS);
      fullAtMs = taken.fullAtMs;
      waits.push(taken.retryAfterMs / MINUTE_MS);
    }
    expect(waits).toEqual([0, 0, 0, 12, 1, 0, 12, 0, 0, 0, 0, 12]);
  });

  it("whoever is refused is refused less than one stretch after a grant, never more come through than promised, and who waits as told gets one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 900_000 }),
        fc.array(fc.nat(600_000), { minLength: 1, maxLength: 200 }),
        (burst, everyMs, gaps) => {
          const spacing = { burst, everyMs };
          let [fullAtMs, nowMs, lastMs, granted] = [0, T0, Number.NEGATIVE_INFINITY, 0];
          for (const gap of gaps) {
            nowMs += gap;
            const taken = takeSpaced(fullAtMs, spacing, nowMs);
            if (taken.retryAfterMs > 0) {
              expect(nowMs - lastMs).toBeLessThan(everyMs);
              expect(takeSpaced(fullAtMs, spacing, nowMs + taken.retryAfterMs).retryAfterMs).toBe(0);
              continue;
            }
            [fullAtMs, lastMs, granted] = [taken.fullAtMs, nowMs, granted + 1];
          }
          expect(granted).toBeLessThanOrEqual(burst + (nowMs - T0) / everyMs);
        },
      ),
      { numRuns: 500 },
    );
  });
});
