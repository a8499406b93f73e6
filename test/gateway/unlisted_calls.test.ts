import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readBindings } from "../../src/bindings.ts";
import { composeHosts } from "../../src/compose/config.ts";
import { composeReader } from "../../src/compose/control.ts";
import { composeAuthorizer, composeRevocations } from "../../src/compose.ts";
import { dispatch } from "../../src/dispatch.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { UnlistedCall } from "../../src/ports/unlisted_calls.ts";
import { PLAIN_TLS } from "../support/connections.ts";
import { APP, corsConfig } from "../support/cors_gate.ts";
import { GATEWAY_URL } from "../support/gateway_config.ts";
import { compiled } from "../support/install.ts";
import { NO_USES } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
stubNetwork();

/** A gate that tells `note` of the calls that it does not list. */
function gateTelling(note: (calls: readonly UnlistedCall[]) => Promise<void>) {
  const config = compiled(corsConfig());
  const reader = composeReader(env);
  const authorizer = composeAuthorizer(readBindings(env), config, {
    reader,
    revocations: composeRevocations(reader),
    uses: NO_USES,
    unlisted: { note },
  });
  const apps = { ...composeHosts(config), issuer: null, admin: null, authorizer };
  const ctx = createExecutionContext();
  return {
    call: (path: string, init?: RequestInit) =>
      dispatch(new Request(`${GATEWAY_URL}${path}`, { ...init, cf: { ...PLAIN_TLS } }), ctx, apps),
    settled: () => waitOnExecutionContext(ctx),
  };
}

describe("M27: calls to what no route lists", () => {
  it("are counted behind the answer, by shape; listed routes, preflights and what cannot be read are not", async () => {
    const told: UnlistedCall[] = [];
    const gate = gateTelling(async (calls) => void told.push(...calls));
    const statuses = [
      await gate.call("/internal/export?token=secret-secret-secret"),
      await gate.call("/internal/export"),
      await gate.call("/users/ada@example.org", { method: "DELETE" }),
      await gate.call("/orders", { method: "DELETE" }),
      await gate.call("/orders"),
      await gate.call("/public/health"),
      await gate.call("/pets", { method: "OPTIONS", headers: { origin: APP, "access-control-request-method": "GET" } }),
      await gate.call("//internal"),
      await gate.call("/.well-known/sallyport/none"),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 404, 405, 401, 200, 204, 400, 404]);
    expect(told, "nobody waits for it").toEqual([]);
    await gate.settled();
    expect(told.map(({ kind, method, path, calls }) => [kind, method, path, calls])).toEqual([
      ["path", "GET", "/internal/export", 2],
      ["path", "DELETE", "/users/:", 1],
      ["method", "DELETE", "/orders", 1],
    ]);
  });

  it("that cannot be told change no answer, and the log says so", async () => {
    const gate = gateTelling(() => Promise.reject(new Outage("unlisted_calls")));
    expect((await gate.call("/internal")).status).toBe(404);
    await gate.settled();
    expect(logs.events("unlisted_calls_lost")).toMatchObject([{ calls: 1 }]);
  });
});
