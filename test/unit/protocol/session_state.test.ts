import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerEndsAtMs, isSeenAnew, SESSION_ANSWER_MS, sessionEndsAtMs } from "../../../src/protocol/session_state.ts";

describe("how long the gate goes on with an answer about a session", () => {
  it.each([
    ["one with a long life", 3_600_000, 60_000],
    ["one near its end", 30_000, 15_000],
    ["one at its end", 1_500, 1_000],
    ["one whose end is nearer than that", 400, 400],
  ])("%s", (_, leftMs, expected) => {
    expect(answerEndsAtMs(1_000_000 + leftMs, 1_000_000) - 1_000_000).toBe(expected);
  });

  it("is never past its end, nor past a minute", () => {
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.nat(10 ** 9), (nowMs, leftMs) => {
        const ends = answerEndsAtMs(nowMs + leftMs, nowMs);
        expect(ends).toBeLessThanOrEqual(Math.min(nowMs + leftMs, nowMs + SESSION_ANSWER_MS));
        expect(ends).toBeGreaterThanOrEqual(nowMs);
      }),
    );
  });

  it("whoever calls more often than half the idle time is never signed out by idleness", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8_000, max: 600_000 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (idleMs, gaps) => {
          let times = { lastSeenAtMs: 0, idleMs, absoluteEndMs: Number.MAX_SAFE_INTEGER };
          let [nowMs, answerMs] = [0, 0];
          for (const gap of gaps) {
            nowMs += gap * 0.4 * idleMs;
            if (nowMs < answerMs) continue;
            expect(sessionEndsAtMs(times)).toBeGreaterThan(nowMs);
            // As the account does it: what is answered is the end as it was before this look.
            answerMs = answerEndsAtMs(sessionEndsAtMs(times), nowMs);
            if (isSeenAnew(times, nowMs)) times = { ...times, lastSeenAtMs: nowMs };
          }
        },
      ),
    );
  });
});
