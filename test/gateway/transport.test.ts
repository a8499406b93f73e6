import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { type CERTIFICATE, PLAIN_TLS, withCertificate } from "../support/connections.ts";
import { bearer, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { type Installation, install, type RequestWishes } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

type Transport = NonNullable<ConfigInput["gateway"]["transport"]>;
type RouteTransport = NonNullable<ConfigInput["routes"][number]["transport"]>;

const logs = captureLogs();
const network = stubNetwork();

/** The test installation with routes `/open` (public) and `/closed` of their own. */
function gateWith(transport: Transport = {}, open: RouteTransport = {}, closed: RouteTransport = {}): Installation {
  const config = gatewayConfig();
  const get = { methods: ["GET" as const], origin: "main", credentials: ["bearer" as const] };
  const routes = [
    { ...get, path: "/open", public: true, transport: open },
    { ...get, path: "/closed", transport: closed },
  ];
  return install({
    config: { ...config, gateway: { ...config.gateway, transport }, routes: [...config.routes, ...routes] },
  });
}

async function told(gate: Installation, path: string, init: RequestWishes = {}) {
  const response = await gate.fetch(path, init);
  const { code } = response.status === 200 ? { code: "passed" } : await problemOf(response);
  expect(response.headers.has("location"), "a redirect").toBe(false);
  return { code, status: response.status, reason: logs.lastDecision.reason };
}

describe("M24: calls in the clear", () => {
  const http = (path: string) => `http://api.test${path}`;

  it("are refused, on open routes too, and never sent elsewhere", async () => {
    const gate = gateWith();
    expect(await told(gate, http("/open"))).toEqual({ code: "https_required", status: 403, reason: "in_the_clear" });
    expect(await told(gate, http("/closed"))).toMatchObject({ code: "https_required", reason: "in_the_clear" });
    expect(await told(gate, "/open")).toMatchObject({ status: 200 });
    expect(network.originCalls).toHaveLength(1);
  });

  it("RFC 6750 5.3: a credential that came so opens nothing, and operators see that it was exposed", async () => {
    const gate = gateWith();
    const value = await token(await ringKey());
    const { key } = await storedKey();
    const exposed = { code: "https_required", status: 403, reason: "credential_in_the_clear" };
    expect(await told(gate, http("/closed"), { headers: bearer(value) })).toEqual(exposed);
    expect(await told(gate, http("/orders"), { headers: { "x-api-key": key } })).toEqual(exposed);
    expect(await told(gate, http("/open"), { headers: bearer("anything") })).toEqual(exposed);
    expect(network.originCalls).toEqual([]);
    expect(await told(gate, "/closed", { headers: bearer(value) })).toMatchObject({ status: 200 });
  });

  it("and so is one among a WebSocket's subprotocols, well-formed or not, also where the route would be open", async () => {
    const exposed = { code: "https_required", status: 403, reason: "credential_in_the_clear" };
    const gate = gateWith({}, { inTheClear: "without_credential" });
    for (const field of [
      "chat, sallyport.bearer.abc",
      "sallyport.key.sk_live_x",
      "Sallyport.bearr.abc",
      "sallyport.key.(bad)",
    ]) {
      const headers = { upgrade: "websocket", "sec-websocket-protocol": field };
      expect(await told(gate, http("/open"), { headers }), field).toEqual(exposed);
      expect(await told(gate, http("/closed"), { headers }), field).toEqual(exposed);
    }
    expect(network.originCalls).toEqual([]);
    const headers = { "sec-websocket-protocol": "chat, sallyport" };
    expect(await told(gate, http("/open"), { headers }), "the name alone is none").toMatchObject({ status: 200 });
  });

  it("what a caller or a proxy says of https counts for nothing", async () => {
    const gate = gateWith();
    const headers = { "x-forwarded-proto": "https", "cf-visitor": '{"scheme":"https"}', forwarded: "proto=https" };
    for (const cf of [PLAIN_TLS, withCertificate()]) {
      expect(await told(gate, http("/open"), { headers, cf })).toMatchObject({ code: "https_required" });
    }
  });

  it("an open route may answer them where it says so, without any credential", async () => {
    const gate = gateWith({}, { inTheClear: "without_credential" });
    expect(await told(gate, http("/open"), { cf: null })).toMatchObject({ status: 200 });
    const headers = { authorization: "Basic eDp5" };
    expect(await told(gate, http("/open"), { headers })).toMatchObject({ reason: "credential_in_the_clear" });
    expect(await told(gate, http("/closed"))).toMatchObject({ code: "https_required" });
  });

  it("said for the whole gateway it opens no closed route", async () => {
    const gate = gateWith({ inTheClear: "without_credential" }, {}, {});
    expect(await told(gate, http("/open"))).toMatchObject({ status: 200 });
    expect(await told(gate, http("/closed"))).toMatchObject({ code: "https_required" });
    expect(
      await told(gateWith({ inTheClear: "without_credential" }, { inTheClear: "nothing" }), http("/open")),
    ).toMatchObject({
      code: "https_required",
    });
  });

  it("RFC 9728: metadata and keys of the gateway are not told in the clear either", async () => {
    const gate = gateWith();
    for (const path of ["/.well-known/oauth-protected-resource", "/.well-known/sallyport/identity-jwks.json"]) {
      const response = await gate.fetch(http(path));
      expect(await problemOf(response)).toMatchObject({ code: "https_required", status: 403 });
      expect((await gate.fetch(path)).status).toBe(200);
    }
  });
});

describe("in development", () => {
  function gateAt(url: string, hosts: string[] = []): Installation {
    const config = gatewayConfig();
    return install({ config: { ...config, gateway: { ...config.gateway, url, hosts } } });
  }

  it.each(["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"])(
    "%s is this machine, and answers in the clear",
    async (url) => {
      const gate = gateAt(url);
      const value = await token(await ringKey());
      expect(await told(gate, `${url}/whoami`, { headers: bearer(value), cf: null })).toMatchObject({ status: 200 });
    },
  );

  it("a host beside it that is no loopback does not, whatever the gateway's own URL is", async () => {
    const gate = gateAt("http://localhost:8787", ["api.test"]);
    const headers = bearer(await token(await ringKey()));
    expect(await told(gate, "http://api.test/whoami", { headers })).toMatchObject({ code: "https_required" });
  });

  it("a gateway on the internet does not, by whatever name it is called", async () => {
    const gate = gateAt("https://api.test", ["localhost:8787", "127.0.0.1"]);
    const headers = bearer(await token(await ringKey()));
    for (const url of ["http://localhost:8787/whoami", "http://127.0.0.1/whoami"]) {
      expect(await told(gate, url, { headers })).toMatchObject({ code: "https_required" });
    }
  });
});

describe("M24: TLS that is too old", () => {
  it.each([
    ["TLSv1.3", 200, 200],
    ["TLSv1.2", 200, 403],
    ["TLSv1.1", 403, 403],
    ["TLSv1", 403, 403],
  ])("%s: %i by default, %i where 1.3 is demanded", async (tlsVersion, byDefault, where13) => {
    const headers = bearer(await token(await ringKey()));
    const init = { headers, cf: { ...PLAIN_TLS, tlsVersion } };
    expect(await told(gateWith(), "/closed", init)).toMatchObject({ status: byDefault });
    const gate = gateWith({}, {}, { minTlsVersion: "1.3" });
    expect(await told(gate, "/closed", init)).toMatchObject({ status: where13 });
    expect(await told(gate, "/open", init)).toMatchObject({ status: byDefault });
    if (where13 === 403) expect(logs.events("decision").map(({ reason }) => reason)).toContain("tls_version_too_low");
  });

  it("is set for the whole gateway, and less for a route of it", async () => {
    const gate = gateWith({ minTlsVersion: "1.3" }, { minTlsVersion: "1.2" });
    const init = { cf: { ...PLAIN_TLS, tlsVersion: "TLSv1.2" } };
    expect(await told(gate, "/open", init)).toMatchObject({ status: 200 });
    expect(await told(gate, "/closed", init)).toMatchObject({ code: "tls_version_too_low", status: 403 });
  });

  it.each([
    ["nothing of the connection", null],
    ["no version", { tlsVersion: undefined }],
    ["a version that nobody knows", { tlsVersion: "TLSv9" }],
  ])("where the platform tells %s, nobody passes", async (_, cf) => {
    expect(await told(gateWith(), "/open", { cf })).toEqual({
      code: "tls_version_too_low",
      status: 403,
      reason: "tls_version_unknown",
    });
    expect(network.originCalls).toEqual([]);
  });

  it("the platform's own setting is enough where the gateway says so", async () => {
    expect(await told(gateWith({ minTlsVersion: "platform" }), "/open", { cf: null })).toMatchObject({ status: 200 });
  });
});

describe("a route that demands a certificate", () => {
  const demand = { clientCertificate: "required" } as const;

  it("takes any that the edge verified", async () => {
    expect(await told(gateWith({}, demand), "/open", { cf: withCertificate() })).toMatchObject({ status: 200 });
    expect(await told(gateWith(demand), "/open", { cf: withCertificate() })).toMatchObject({ status: 200 });
  });

  it.each<[string, Parameters<typeof withCertificate>[1] | null, string]>([
    ["no certificate", null, "client_certificate_absent"],
    ["one that did not verify", { certVerified: "FAILED" }, "client_certificate_unverified"],
    ["a revoked one", { certRevoked: "1" }, "client_certificate_revoked"],
    ["one without a fingerprint", { certFingerprintSHA256: "" }, "client_certificate_unreadable"],
  ])("with %s: 403, and all of these look alike", async (_, changes, reason) => {
    const cf = changes === null ? PLAIN_TLS : withCertificate(undefined, changes);
    const response = await gateWith({}, demand).fetch("/open", { cf });
    expect(await problemOf(response)).toEqual({
      type: "urn:sallyport:problem:client_certificate_required",
      title: "Forbidden",
      status: 403,
      detail: "a client certificate that is valid here is required",
      code: "client_certificate_required",
    });
    expect(logs.lastDecision.reason).toBe(reason);
    expect(network.originCalls).toEqual([]);
  });

  it("where the platform tells nothing, nobody passes", async () => {
    const gate = gateWith({ minTlsVersion: "platform" }, demand);
    expect(await told(gate, "/open", { cf: null })).toMatchObject({ reason: "client_certificate_absent" });
  });

  it("CWE-290: a certificate in a header is the caller's own word, and does not reach the origin", async () => {
    const said: Record<string, string> = {
      "Client-Cert": ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6:",
      "Client-Cert-Chain": ":MIIB:",
      "X-Client-Cert": "MIIB",
      "X-Forwarded-Client-Cert": "Hash=af363d",
      "X-SSL-Client-Verify": "SUCCESS",
      "SSL-Client-Verify": "SUCCESS",
      "Cf-Client-Cert-Sha256":
        "af363dc85bc942a892d3cee9796190fdb36d89cd588a4f1cb17c74a943439714" satisfies typeof CERTIFICATE,
      "Cf-Client-Cert-Der-Base64": "MIIB",
      "Cf-Cert-Presented": "true",
      "Cf-Cert-Verified": "true",
      "X-ARR-ClientCert": "MIIB",
      "X-Amzn-Mtls-Clientcert": "MIIB",
    };
    const gate = gateWith({}, demand);
    expect(await told(gate, "/open", { headers: said })).toMatchObject({ reason: "client_certificate_absent" });
    expect(await told(gate, "/open", { headers: said, cf: withCertificate() })).toMatchObject({ status: 200 });
    const [received] = network.originCalls;
    expect(Object.keys(said).filter((name) => received?.headers.has(name))).toEqual([]);
  });
});
