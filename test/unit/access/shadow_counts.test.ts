import { describe, expect, it } from "vitest";
import { type Compared, ShadowCounts } from "../../../src/access/shadow_counts.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { ShadowDifference, ShadowRun } from "../../../src/ports/shadow.ts";

const T0 = 1_800_000_000_000;
const WAY: Compared = { route: "GET /a", action: "order:list", live: "allow", shadow: "rule_denied", rule: "r" };

/** Counts of one isolate, whose pauses end when the test says so. */
function counting(note: () => Promise<void> = async () => undefined) {
  const told: { runs: readonly ShadowRun[]; differences: readonly ShadowDifference[] }[] = [];
  const left: Promise<unknown>[] = [];
  const pauses: { ms: number; end: () => void }[] = [];
  const lost: number[] = [];
  const counts = new ShadowCounts(
    {
      note: (runs, differences) => {
        told.push({ runs, differences });
        return note();
      },
    },
    (calls) => void lost.push(calls),
    (ms) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      pauses.push({ ms, end: resolve });
      return promise;
    },
  );
  const at = (nowMs = T0, tried = "rules") => ({
    tried,
    nowMs,
    defer: (work: Promise<unknown>) => void left.push(work),
  });
  const tell = async () => {
    for (const { end } of pauses.splice(0)) end();
    await Promise.all(left.splice(0));
  };
  const differ = (wishes: Partial<Compared> = {}, nowMs = T0, requestId = "id") =>
    counts.compared(at(nowMs), { ...WAY, ...wishes }, { requestId, subject: "user" });
  return { counts, told, pauses, lost, left, at, tell, differ };
}

describe("what differs in shadow, counted in one isolate", () => {
  it("is told once for all that come in a second, and then not before ten seconds are over", async () => {
    const { told, pauses, tell, differ, left } = counting();
    for (let call = 0; call < 50; call++) differ();
    expect([pauses.map(({ ms }) => ms), left.length]).toEqual([[1_000], 1]);
    await tell();
    expect(told).toMatchObject([{ runs: [{ compared: 50 }], differences: [{ calls: 50 }] }]);
    differ({}, T0 + 2_000);
    expect(pauses.map(({ ms }) => ms)).toEqual([9_000]);
    await tell();
    expect(told[1]).toMatchObject({ runs: [{ compared: 1 }] });
  });

  it("of more than a hundred kinds the rest is counted together, and nothing is lost", async () => {
    const { told, tell, differ } = counting();
    for (let of = 0; of < 150; of++) differ({ rule: `r${of}` });
    differ({ rule: "r0" });
    await tell();
    const { differences = [] } = told[0] ?? {};
    expect(differences).toHaveLength(101);
    expect(differences[0]).toMatchObject({ rule: "r0", calls: 2 });
    expect(differences[100]).toMatchObject({ route: "*", action: "*", rule: "*", calls: 50 });
  });

  it("has three examples of a kind, and texts of bounded length", async () => {
    const { told, tell, differ } = counting();
    const long = "x".repeat(2_000);
    for (let of = 0; of < 9; of++) {
      differ({ route: long, action: long, live: long, shadow: long, rule: long }, T0, `id-${of}`);
    }
    await tell();
    const [only] = told[0]?.differences ?? [];
    expect(only?.examples.map(({ requestId }) => requestId)).toEqual(["id-0", "id-1", "id-2"]);
    const { route, action, live, shadow, rule } = only ?? WAY;
    expect([route, action, live, shadow, rule].map((text) => text.length)).toEqual([500, 200, 64, 64, 200]);
  });

  it("of more than four things that were tried in ten seconds is not kept", async () => {
    const { counts, told, tell, at } = counting();
    for (let of = 0; of < 9; of++) counts.left(at(T0, `tried-${of}`), "skipped");
    await tell();
    expect(told[0]?.runs.map(({ tried }) => tried)).toEqual(["tried-0", "tried-1", "tried-2", "tried-3"]);
  });

  it("that could not be told is let go, and said", async () => {
    const { lost, tell, differ } = counting(() => Promise.reject(new Outage("shadow")));
    differ();
    differ();
    await tell();
    expect(lost).toEqual([2]);
  });

  it("goes on being told where a telling was cut off with its request", async () => {
    const { told, pauses, tell, differ } = counting();
    differ();
    const [cutOff] = pauses.splice(0);
    differ({}, T0 + 24_999);
    expect(pauses).toEqual([]);
    differ({}, T0 + 25_000);
    // It ends after all: what it would have told is another's to tell.
    cutOff?.end();
    await tell();
    expect(told).toMatchObject([{ runs: [{ compared: 3 }] }]);
  });
});
