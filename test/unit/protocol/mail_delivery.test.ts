import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextTryMs } from "../../../src/protocol/mail_delivery.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

describe("nextTryMs", () => {
  it.each([
    ["the first failure is repaired soon", 0, 30 * SECOND],
    ["the second takes twice as long", 1, 60 * SECOND],
    ["the seventh half an hour", 6, 1_920 * SECOND],
    ["no pause is longer than an hour", 7, HOUR],
    ["however often it failed", 10_000, HOUR],
  ])("%s", (_name, tries, pauseMs) => {
    expect(nextTryMs({ createdAtMs: 5_000, tries }, 9_000)).toBe(9_000 + pauseMs);
  });

  it.each([
    ["a millisecond before a day is over", DAY - 1, false],
    ["when it is", DAY, true],
    ["long after, as after an outage", 10 * DAY, true],
  ])("a mail is given up after a day: %s", (_name, ageMs, isGivenUp) => {
    expect(nextTryMs({ createdAtMs: 0, tries: 3 }, ageMs) === null).toBe(isGivenUp);
  });

  it("goes on for a day at least and 25 hours at most, in a bounded number of tries", () => {
    fc.assert(
      fc.property(fc.nat(1e12), (createdAtMs) => {
        let nowMs = createdAtMs;
        let tries = 0;
        for (let next = nextTryMs({ createdAtMs, tries }, nowMs); next !== null; tries++) {
          expect(next).toBeGreaterThan(nowMs);
          nowMs = next;
          next = nextTryMs({ createdAtMs, tries: tries + 1 }, nowMs);
        }
        expect(nowMs - createdAtMs).toBeGreaterThanOrEqual(DAY);
        expect(nowMs - createdAtMs).toBeLessThanOrEqual(DAY + HOUR);
        expect(tries).toBeLessThan(40);
      }),
    );
  });
});
