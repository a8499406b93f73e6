import { beforeAll, describe, expect, it } from "vitest";
import { boundTo, OTHER_CERTIFICATE, PLAIN_TLS, withCertificate } from "../support/connections.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL, gatewayConfig } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { forwardedHeaders, installForProxies } from "../support/shapes.ts";

const logs = captureLogs();
stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

describe("where somebody else carries the call out", () => {
  it("another Worker hands on what the platform told it of the connection, and nothing passes without", async () => {
    const gate = install();
    const bound = await token(ring, boundTo());
    const asked = {
      method: "GET",
      url: `${GATEWAY_URL}/orders`,
      headers: [["authorization", `Bearer ${bound}`]] as const,
    };
    const ask = async (cf: unknown) => {
      const decision = await gate.authorize({ ...asked, cf });
      return [decision.allowed, logs.lastDecision.reason];
    };
    expect(await ask(withCertificate())).toEqual([true, null]);
    expect(await ask(withCertificate(OTHER_CERTIFICATE))).toEqual([false, "token_certificate_wrong"]);
    expect(await ask(PLAIN_TLS)).toEqual([false, "client_certificate_absent"]);
    expect(await ask({})).toEqual([false, "tls_version_unknown"]);
    expect(await ask(null)).toEqual([false, "tls_version_unknown"]);
  });

  it("the certificate of a proxy is not its callers'", async () => {
    const config = gatewayConfig();
    const route = {
      path: "/strict",
      methods: ["GET" as const],
      origin: "main",
      transport: { minTlsVersion: "1.3" as const },
    };
    const gate = installForProxies({ config: { ...config, routes: [...config.routes, route] } });
    const ask = async (path: string, value: string) => {
      const headers = { ...forwardedHeaders({ path }), authorization: `Bearer ${value}` };
      const response = await gate.fetch("/_authz", { headers, cf: withCertificate() });
      return [response.status, logs.lastDecision.reason];
    };
    const [bound, free] = [await token(ring, boundTo()), await token(ring)];
    expect(await ask("/orders", bound)).toEqual([401, "client_certificate_absent"]);
    expect(await ask("/orders", free)).toEqual([200, null]);
    expect(await ask("/strict", free)).toEqual([403, "tls_version_too_low"]);
  });

  it("a call that a proxy got in the clear is refused, and so is a question in the clear", async () => {
    const gate = installForProxies();
    const headers = { ...forwardedHeaders({ path: "/orders" }), ...bearer(await token(ring)) };
    const asked = await gate.fetch("/_authz", { headers: { ...headers, "x-forwarded-proto": "http" } });
    expect(await problemOf(asked)).toMatchObject({ status: 403, code: "https_required" });
    expect(logs.lastDecision.reason).toBe("credential_in_the_clear");
    const question = await gate.fetch("http://api.test/_authz", { headers });
    expect(await problemOf(question)).toMatchObject({ status: 403, code: "https_required" });
  });
});
