import { expect, it } from "vitest";
import type { AbuseTrace } from "../../../src/access/abuse_trace.ts";
import { clearCall } from "../../../src/access/clear_call.ts";
import type { Call, Gate, GateRoute } from "../../../src/access/gate.ts";

it("a challenge on a route that has no words for one bars, and counts against nobody", async () => {
  const route = { captcha: null, signals: null } as GateRoute;
  const trace: { abuse: AbuseTrace | null } = { abuse: null };
  const cleared = await clearCall(route, null, "challenge", {} as Call, {} as Gate, trace);
  expect(cleared).toEqual({ ok: false, error: { kind: "barred", reason: "listed" } });
  expect(trace.abuse?.heldUp).toBe(true);
});
