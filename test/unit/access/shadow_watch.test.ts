import { describe, expect, it } from "vitest";
import type { Call, RightsGate } from "../../../src/access/gate.ts";
import type { Passage, Trace } from "../../../src/access/pass_gate.ts";
import type { Refusal } from "../../../src/access/refusal.ts";
import { ShadowCounts } from "../../../src/access/shadow_counts.ts";
import type { ShadowGate, ShadowRoute } from "../../../src/access/shadow_verdict.ts";
import { ShadowWatch } from "../../../src/access/shadow_watch.ts";
import { ok, type Result } from "../../../src/kernel/result.ts";
import { parseRoutePattern } from "../../../src/policy/route_pattern.ts";
import { RouteTable } from "../../../src/policy/route_table.ts";
import type { ShadowRun } from "../../../src/ports/shadow.ts";

const T0 = 1_800_000_000_000;
const ALLOWED = ok({}) as unknown as Result<Passage, Refusal>;

/** An isolate that tries a public route beside what runs, on calls of the route `tried`, and counts how often it is decided on. */
function watching(share = 1) {
  const state = { evaluations: 0, pauses: 0, left: [] as Promise<unknown>[], runs: [] as ShadowRun[] };
  const route = {
    id: "shadow",
    deprecation: null,
    get isPublic() {
      state.evaluations += 1;
      return true;
    },
  } as unknown as ShadowRoute;
  const pattern = parseRoutePattern("/a");
  if (!pattern.ok) throw new Error(pattern.error);
  const gates: readonly ShadowGate[] = [
    { tried: "rules", routes: new RouteTable([{ pattern: pattern.value, methods: ["GET"], route }]) },
  ];
  const counts = new ShadowCounts(
    { note: async (runs) => void state.runs.push(...runs) },
    () => undefined,
    async () => undefined,
  );
  const watch = new ShadowWatch({
    tried: (_nowMs, _defer, asked) => (asked === "tried" ? gates : null),
    gate: {} as RightsGate,
    counts,
    share,
    pause: async () => void state.pauses++,
  });
  const call = (decided: Promise<Result<Passage, Refusal>>, nowMs = T0, on = "tried", requestId = "00000000-x") => {
    const defer = (work: Promise<unknown>) => void state.left.push(work);
    const header = () => null;
    const asked = { method: "GET", segments: ["a"], nowMs, defer, header } as unknown as Call;
    watch.watch(decided, asked, { route: on, rules: [], holder: null, matched: null } as unknown as Trace, requestId);
  };
  const settled = async () => {
    while (state.left.length > 0) await Promise.all(state.left.splice(0));
  };
  const total = (what: "compared" | "skipped") => state.runs.reduce((sum, run) => sum + run[what], 0);
  return { state, call, settled, total };
}

describe("watching calls for what is in shadow", () => {
  it("decides no more than 32 at once, and counts the calls that it leaves out", async () => {
    const { state, call, settled, total } = watching();
    const answers = Array.from({ length: 40 }, () => Promise.withResolvers<typeof ALLOWED>());
    // Each in a second of its own, so that no other bound has a part in it.
    for (const [at, { promise }] of answers.entries()) call(promise, T0 + at * 1_000);
    for (const { resolve } of answers) resolve(ALLOWED);
    await settled();
    expect([state.evaluations, total("compared"), total("skipped")]).toEqual([32, 32, 8]);
    call(Promise.resolve(ALLOWED), T0 + 60_000);
    await settled();
    expect(total("compared"), "and goes on once they are done").toBe(33);
  });

  it("decides no more than 200 in a second, however fast it is with them", async () => {
    const { state, call, settled, total } = watching();
    for (let at = 0; at < 250; at++) {
      call(Promise.resolve(ALLOWED), T0 + at);
      await settled();
    }
    expect([state.evaluations, total("compared"), total("skipped")]).toEqual([200, 200, 50]);
    call(Promise.resolve(ALLOWED), T0 + 1_000);
    await settled();
    expect(total("compared"), "and begins anew with the next second").toBe(201);
  });

  it("a call that never gets its decision keeps a place, and one whose decision fails gives it back", async () => {
    const { state, call, settled, total } = watching();
    for (let at = 0; at < 64; at++) {
      call(Promise.reject(new Error("an outage")), T0 + at * 1_000);
      await settled();
    }
    call(Promise.resolve(ALLOWED), T0 + 100_000);
    await settled();
    expect([state.evaluations, total("compared"), total("skipped")]).toEqual([1, 1, 0]);
  });

  it("a route without anything in shadow leaves no work behind its calls, and takes nothing of what others may have", async () => {
    const { state, call, settled, total } = watching();
    const decided = Object.assign(Promise.resolve(ALLOWED), {
      catch: () => {
        throw new Error("nobody may wait for this decision");
      },
    });
    for (let at = 0; at < 500; at++) call(decided, T0, "another");
    expect([state.left, state.evaluations, state.pauses]).toEqual([[], 0, 0]);
    call(Promise.resolve(ALLOWED));
    await settled();
    expect([total("compared"), total("skipped")]).toEqual([1, 0]);
  });

  it("looks at the wished share of the calls, by their random ids", async () => {
    const { state, call, settled } = watching(0.5);
    call(Promise.resolve(ALLOWED), T0, "tried", "7fffffff-x");
    call(Promise.resolve(ALLOWED), T0, "tried", "80000000-x");
    await settled();
    expect(state.evaluations).toBe(1);
  });
});
