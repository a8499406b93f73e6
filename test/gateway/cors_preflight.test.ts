import { describe, expect, it } from "vitest";
import type { Environment } from "../../src/bindings.ts";
import { ADMIN, APP, corsConfig, corsNames, EVIL, corsGate as gate, preflight, vary } from "../support/cors_gate.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();

describe("Fetch 4.8: a preflight is answered at the gate", () => {
  it("with the methods of the path's routes that have the same policy, and asks no origin, no credential, no limit", async () => {
    const response = await gate().fetch(
      ...preflight("/pets", APP, "PUT", { "access-control-request-headers": "x-evil" }),
    );
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": APP,
      "access-control-allow-methods": "GET, HEAD, POST, PUT",
      "access-control-allow-headers": "Content-Type, Authorization, X-API-Key, Idempotency-Key",
      "access-control-max-age": "600",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect(response.headers.has("access-control-allow-credentials")).toBe(false);
    expect(vary(response)).toEqual(["origin", "access-control-request-method", "access-control-request-headers"]);
    expect(network.calls).toEqual([]);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", status: 204, reason: "preflight" });
  });

  it("each policy speaks for its own methods alone", async () => {
    const response = await gate().fetch(...preflight("/pets", ADMIN, "DELETE"));
    expect(response.headers.get("access-control-allow-methods")).toBe("DELETE");
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
    expect(response.headers.get("access-control-max-age")).toBe("60");
    // Secret keys have no business in a page.
    expect(response.headers.get("access-control-allow-headers")).toBe("Content-Type, Authorization");
    expect((await gate().fetch(...preflight("/pets", APP, "DELETE"))).status).toBe(405);
    expect((await gate().fetch(...preflight("/pets", ADMIN, "GET"))).status).toBe(405);
  });

  it("a page can show a proof that a person is there, where the installation asks for them", async () => {
    const config = corsConfig();
    config.captcha = { siteKey: "0x4AAA", secretBinding: "TURNSTILE_SECRET", hostnames: ["app.example"] };
    config.gateway.captcha = {};
    const env = { TURNSTILE_SECRET: "s".repeat(32) } as Environment;
    const response = await install({ config, env }).fetch(...preflight("/pets", APP, "GET"));
    expect(response.headers.get("access-control-allow-headers")).toContain("sallyport-captcha, sallyport-clearance");
  });

  it("a method that the path does not have, and a header that is not let through, are the browser's to refuse", async () => {
    const response = await gate().fetch(...preflight("/pets", APP, "PATCH"));
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-methods")).toBe("GET, HEAD, POST, PUT");
  });

  it.each(["/pets/limited", "/pets/gone"])("%s: also where the call itself will be refused", async (path) => {
    const one = gate();
    for (let at = 0; at < 8; at++) expect((await one.fetch(...preflight(path, APP, "GET"))).status).toBe(204);
  });

  it.each([
    EVIL,
    "null",
    "",
    "https://app.example.evil.test",
    "https://evil-app.example",
    "https://sub.app.example",
    "https://app.example.",
    "https://app.example:443",
    "https://app.example:8443",
    "http://app.example",
    "HTTPS://APP.EXAMPLE",
    "https://app.example/",
    "https://app.example, https://evil.test",
    "https://app.example https://evil.test",
    "https://аpp.example",
  ])("from %j it is what OPTIONS is without it: 405, nothing said to scripts, and told to caches", async (origin) => {
    const sent = /[^ -~]/.test(origin) ? new URL(origin).origin : origin;
    for (const method of ["GET", "DELETE", "NONE"]) {
      const response = await gate().fetch(...preflight("/pets", sent, method));
      expect(response.status).toBe(405);
      expect(corsNames(response)).toEqual([]);
      expect(vary(response)).toContain("origin");
    }
  });

  it("two Origin headers are nobody's", async () => {
    const response = await gate().fetch("/pets", {
      method: "OPTIONS",
      headers: [
        ["origin", APP],
        ["origin", APP],
        ["access-control-request-method", "GET"],
      ],
    });
    expect([response.status, corsNames(response)]).toEqual([405, []]);
  });

  it("OPTIONS that asks for nothing is no preflight", async () => {
    const response = await gate().fetch("/pets", { method: "OPTIONS", headers: { origin: APP } });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("DELETE, GET, HEAD, POST, PUT");
  });

  it("a page's way into a private network is not opened", async () => {
    const asked = { "access-control-request-private-network": "true", "access-control-request-local-network": "true" };
    const response = await gate().fetch(...preflight("/pets", APP, "GET", asked));
    expect(corsNames(response).filter((name) => name.includes("network"))).toEqual([]);
  });

  it("a route without a policy has none, and where the origin has its own, OPTIONS goes there", async () => {
    expect((await gate().fetch(...preflight("/orders", APP, "GET"))).status).toBe(405);
    expect((await gate().fetch(...preflight("/pets/closed", APP, "GET"))).status).toBe(405);
    network.origin(() => new Response(null, { status: 204, headers: { "access-control-allow-origin": "*" } }));
    const response = await gate().fetch(...preflight("/own", EVIL, "GET"));
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(network.originCalls).toHaveLength(1);
  });
});
