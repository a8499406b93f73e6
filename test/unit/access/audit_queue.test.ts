import { describe, expect, it } from "vitest";
import { AuditQueue } from "../../../src/adapters/audit_queue.ts";
import { type AuditEvent, auditText, isSampled } from "../../../src/protocol/audit_event.ts";
import { someDecision } from "../../support/audit_trail.ts";

/** A trail over a queue that `send` stands for, with a clock that the test moves. */
function trailOver(send: () => Promise<unknown>) {
  const lost: AuditEvent[] = [];
  const pauses: number[] = [];
  const work: Promise<unknown>[] = [];
  const clock = { nowMs: 0 };
  const trail = new AuditQueue({
    queue: { send },
    lost: (event) => lost.push(event),
    pause: async (ms) => {
      pauses.push(ms);
    },
    clock: () => clock.nowMs,
  });
  return { trail, lost, pauses, work, clock, defer: (one: Promise<unknown>) => work.push(one) };
}

describe("AuditQueue", () => {
  it("tries a bounded number of times, in pauses that grow, and tells of what was lost once", async () => {
    let calls = 0;
    const { trail, lost, pauses, work, defer } = trailOver(async () => {
      calls += 1;
      throw new Error("broken by the test");
    });
    const event = someDecision();
    trail.note(event, defer);
    await Promise.all(work);
    expect([calls, pauses, lost]).toEqual([4, [50, 250, 1_000], [event]]);
    expect(await trail.insist(event)).toBe(false);
    expect([calls, lost.length]).toEqual([6, 1]);
  });

  it("never throws, whatever a queue throws", async () => {
    const { trail, lost, work, defer } = trailOver(() => {
      throw "not even an Error";
    });
    expect(await trail.insist(someDecision())).toBe(false);
    trail.note(someDecision(), defer);
    await Promise.all(work);
    expect(lost).toHaveLength(1);
  });

  it("has at most 500 on their way; what is more goes to the log, and what was cut off makes room after half a minute", () => {
    const { trail, lost, work, clock, defer } = trailOver(() => new Promise(() => undefined));
    for (let sent = 0; sent < 503; sent++) trail.note(someDecision(), defer);
    expect([work.length, lost.length]).toEqual([500, 3]);
    clock.nowMs = 30_001;
    trail.note(someDecision(), defer);
    expect([work.length, lost.length]).toEqual([501, 3]);
  });
});

describe("isSampled", () => {
  it.each([
    ["00000000-", 0.000_001, true],
    ["ffffffff-", 0.999, false],
    ["ffffffff-", 1, true],
    ["00000000-", 0, false],
    ["7fffffff-", 0.5, true],
    ["80000000-", 0.5, false],
  ])("%s of a share of %s: %s", (id, share, expected) => {
    expect(isSampled(id, share)).toBe(expected);
  });
});

describe("auditText", () => {
  it.each([
    ["plain", "plain"],
    ["a\u0000b\nc\u009b", "a\ufffdb\ufffdc\ufffd"],
    ["\ud800x", "\ufffdx"],
    ["x".repeat(300), `${"x".repeat(255)}…`],
    [`${"x".repeat(254)}😀😀`, `${"x".repeat(254)}\ufffd…`],
  ])("%j is kept as %j", (text, kept) => {
    expect(auditText(text)).toBe(kept);
  });
});
