import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { JoseAccessTokens } from "../../src/adapters/jose_access_tokens.ts";
import { type Environment, readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { boundTo, CERTIFICATE, OTHER_CERTIFICATE, PLAIN_TLS, withCertificate } from "../support/connections.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig, PARTNER_JWKS_URL, PARTNER_URL, RESOURCE } from "../support/gateway_config.ts";
import { type Installation, install, type RequestWishes } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { INVALID_TOKEN, problemOf } from "../support/refused.ts";

const START = Date.parse("2026-11-22T00:00:00Z");
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

async function told(gate: Installation, value: string, cf: RequestWishes["cf"], path = "/orders") {
  const response = await gate.fetch(path, { headers: bearer(value), ...(cf !== undefined && { cf }) });
  if (response.status === 401) expect(await problemOf(response)).toEqual(INVALID_TOKEN);
  return { status: response.status, reason: logs.lastDecision.reason };
}

const PASSED = { status: 200, reason: null };
const refused = (reason: string) => ({ status: 401, reason });

/** Ways to present a stolen token that is bound to `CERTIFICATE`. */
const THEFTS: readonly [string, RequestWishes["cf"], string][] = [
  ["without a certificate", PLAIN_TLS, "client_certificate_absent"],
  ["where the platform tells nothing of certificates", { tlsClientAuth: undefined }, "client_certificate_absent"],
  ["with a certificate of the thief's own", withCertificate(OTHER_CERTIFICATE), "token_certificate_wrong"],
  [
    "with one that calls itself the same",
    withCertificate(CERTIFICATE, { certVerified: "FAILED:self signed certificate" }),
    "client_certificate_unverified",
  ],
  [
    "with the same after its revocation",
    withCertificate(CERTIFICATE, { certRevoked: "1" }),
    "client_certificate_revoked",
  ],
  [
    "where the edge names it by SHA-1 alone",
    withCertificate("", { certFingerprintSHA1: CERTIFICATE }),
    "client_certificate_unreadable",
  ],
];

describe("RFC 8705 3: a token that is bound to a certificate", () => {
  it("opens a route for who holds the certificate, on every connection of theirs", async () => {
    const gate = install();
    const bound = await token(ring, boundTo());
    for (let count = 0; count < 3; count++) expect(await told(gate, bound, withCertificate())).toEqual(PASSED);
    expect(network.originCalls).toHaveLength(3);
  });

  it.each(THEFTS)("stolen and presented %s: 401, as for any bad token", async (_, cf, reason) => {
    expect(await told(install(), await token(ring, boundTo()), cf)).toEqual(refused(reason));
    expect(network.originCalls).toEqual([]);
  });

  it.each(THEFTS)("held in memory for its owner and then presented %s: 401", async (_, cf, reason) => {
    const gate = install();
    const bound = await token(ring, boundTo());
    expect(await told(gate, bound, withCertificate())).toEqual(PASSED);
    const verify = vi.spyOn(JoseAccessTokens.prototype, "verify");
    expect(await told(gate, bound, cf)).toEqual(refused(reason));
    expect(await told(gate, bound, withCertificate())).toEqual(PASSED);
    expect(verify, "it was read from memory").not.toHaveBeenCalled();
    expect(network.originCalls).toHaveLength(2);
  });

  it("presented by the thief first it is not remembered for the thief", async () => {
    const gate = install();
    const bound = await token(ring, boundTo());
    const thief = withCertificate(OTHER_CERTIFICATE);
    expect(await told(gate, bound, thief)).toEqual(refused("token_certificate_wrong"));
    expect(await told(gate, bound, withCertificate())).toEqual(PASSED);
    expect(await told(gate, bound, thief)).toEqual(refused("token_certificate_wrong"));
  });

  it("a thief is not told that it has expired", async () => {
    const gate = install();
    const bound = await token(ring, boundTo());
    expect(await told(gate, bound, withCertificate())).toEqual(PASSED);
    vi.setSystemTime(START + 601_000);
    expect(await told(gate, bound, PLAIN_TLS)).toEqual(refused("client_certificate_absent"));
    const owner = await gate.fetch("/orders", { headers: bearer(bound), cf: withCertificate() });
    expect(await problemOf(owner)).toMatchObject({ code: "token_expired" });
  });

  it("thefts use up the address's budget of failures", async () => {
    const config = gatewayConfig();
    const gate = install({ config: { ...config, gateway: { ...config.gateway, failedAuthenticationsPerMinute: 2 } } });
    const bound = await token(ring, boundTo());
    for (let count = 0; count < 2; count++) expect(await told(gate, bound, PLAIN_TLS)).toMatchObject({ status: 401 });
    expect(await told(gate, bound, PLAIN_TLS)).toMatchObject({ status: 429 });
  });

  it("is bound on every route, on those as well that ask for no certificate or are called by nobody else", async () => {
    const gate = install();
    const bound = await token(ring, { ...boundTo(), roles: ["manager"], scope: "orders:read orders:write" });
    for (const path of ["/orders", "/whoami", "/bearer-only", "/managers", "/limited/ping", "/stale", "/v1/orders"]) {
      expect(await told(gate, bound, PLAIN_TLS, path), path).toEqual(refused("client_certificate_absent"));
      expect(await told(gate, bound, withCertificate(), path), path).toEqual(PASSED);
    }
  });

  it.each<[string, unknown, string]>([
    ["in hexadecimal, as the edge spells it", { "x5t#S256": CERTIFICATE }, "token_confirmation_malformed"],
    ["padded", { "x5t#S256": `${boundTo().cnf["x5t#S256"]}=` }, "token_confirmation_malformed"],
    ["in capitals", { "x5t#S256": String(boundTo().cnf["x5t#S256"]).toUpperCase() }, "token_certificate_wrong"],
    ["by a name in capitals", { "X5T#S256": boundTo().cnf["x5t#S256"] }, "token_sender_constrained"],
    ["to nothing", {}, "token_confirmation_malformed"],
    ["to null", null, "token_confirmation_malformed"],
    ["RFC 9449 7.1: to a DPoP key", { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }, "token_sender_constrained"],
    ["to a DPoP key beside the certificate", { ...boundTo().cnf, jkt: "x" }, "token_sender_constrained"],
    ["to something that nobody knows", { ...boundTo().cnf, "x9t#S256": "x" }, "token_sender_constrained"],
  ])("bound %s: it is no bearer token, whatever the connection", async (_, cnf, reason) => {
    const gate = install();
    const value = await token(ring, { cnf });
    expect(await told(gate, value, withCertificate())).toEqual(refused(reason));
    expect(await told(gate, value, PLAIN_TLS)).toMatchObject({ status: 401 });
    expect(network.originCalls).toEqual([]);
  });

  it("CWE-290: a header does not stand for the connection", async () => {
    const gate = install();
    const bound = await token(ring, boundTo());
    const said = { "client-cert": ":MIIB:", "cf-client-cert-sha256": CERTIFICATE, "x-client-cert": CERTIFICATE };
    const response = await gate.fetch("/orders", { headers: { ...bearer(bound), ...said } });
    expect(response.status).toBe(401);
    expect(logs.lastDecision.reason).toBe("client_certificate_absent");
  });
});

describe("of every issuer that is trusted", () => {
  it("a partner's signed token", async () => {
    const key = await newKey();
    network.serve(PARTNER_JWKS_URL, () => Response.json({ keys: [key.jwk] }));
    const gate = install();
    const bound = await token(key, { iss: PARTNER_URL, ...boundTo() });
    expect(await told(gate, bound, PLAIN_TLS)).toEqual(refused("client_certificate_absent"));
    expect(await told(gate, bound, withCertificate())).toEqual(PASSED);
    expect(await told(gate, bound, withCertificate(OTHER_CERTIFICATE))).toEqual(refused("token_certificate_wrong"));
  });

  it("RFC 8705 3.2: an opaque token, by what its issuer says, also while that answer is believed", async () => {
    const issuer = "https://opaque.example";
    const introspection = { url: `${issuer}/introspect`, clientId: "gate", secretBinding: "OPAQUE_SECRET" };
    const config = gatewayConfig();
    const trustedIssuers = [...config.gateway.trustedIssuers, { issuer, introspection }];
    const bindings: Environment & Record<string, unknown> = {
      ...readBindings(env),
      KEY_SETS: null,
      OPAQUE_SECRET: secret("s3cret-of-the-gate"),
    };
    const gate = install({ config: { ...config, gateway: { ...config.gateway, trustedIssuers } }, env: bindings });
    const answer = {
      active: true,
      sub: "u1",
      client_id: "web",
      aud: RESOURCE,
      scope: "orders:read",
      token_type: "Bearer",
    };
    network.serve(issuer, () => Response.json({ ...answer, exp: START / 1000 + 600, ...boundTo() }));
    const opaque = secret("opaque-token-of-a-partner");
    expect(await told(gate, opaque, PLAIN_TLS)).toEqual(refused("client_certificate_absent"));
    expect(await told(gate, opaque, withCertificate())).toEqual(PASSED);
    expect(await told(gate, opaque, withCertificate(OTHER_CERTIFICATE))).toEqual(refused("token_certificate_wrong"));
    expect(network.calls.filter(({ url }) => url.startsWith(issuer))).toHaveLength(1);
  });
});

describe("a route that demands bound tokens", () => {
  function demanding(): Installation {
    const config = gatewayConfig();
    const route: ConfigInput["routes"][number] = {
      path: "/bound",
      methods: ["GET"],
      origin: "main",
      credentials: ["bearer"],
      transport: { clientCertificate: "bound" },
    };
    return install({ config: { ...config, routes: [...config.routes, route] } });
  }

  it("takes those, and no other token, be there a certificate or not", async () => {
    const gate = demanding();
    const [bound, free] = [await token(ring, boundTo()), await token(ring)];
    expect(await told(gate, bound, withCertificate(), "/bound")).toEqual(PASSED);
    expect(await told(gate, free, withCertificate(), "/bound")).toEqual(refused("token_not_bound"));
    expect(await told(gate, free, withCertificate(), "/orders")).toEqual(PASSED);
    expect(await told(gate, free, withCertificate(), "/bound"), "held in memory by now").toEqual(
      refused("token_not_bound"),
    );
    expect(await told(gate, bound, withCertificate(OTHER_CERTIFICATE), "/bound")).toEqual(
      refused("token_certificate_wrong"),
    );
  });

  it("without a certificate says that one is needed", async () => {
    const response = await demanding().fetch("/bound", { headers: bearer(await token(ring, boundTo())) });
    expect(await problemOf(response)).toMatchObject({ status: 403, code: "client_certificate_required" });
  });
});

describe("what the origin is told", () => {
  it("the certificate that the token is bound to, and none for one that is not", async () => {
    const gate = install();
    await told(gate, await token(ring, boundTo()), withCertificate());
    await told(gate, await token(ring), withCertificate());
    const [bound, free] = network.originCalls.map(({ headers }) => decodeJwt(headers.get("sallyport-identity") ?? ""));
    expect(bound?.cnf).toEqual(boundTo().cnf);
    expect(free).not.toHaveProperty("cnf");
  });
});

describe("RFC 9728 2: the metadata says what is true", () => {
  const metadata = async (gate: Installation) =>
    (await gate.fetch("/.well-known/oauth-protected-resource")).json<Record<string, unknown>>();

  it("nothing of bound tokens where no certificate is asked for", async () => {
    expect(await metadata(install())).not.toHaveProperty("tls_client_certificate_bound_access_tokens");
  });

  it.each(["required", "bound"] as const)("that they are taken where a route says `%s`", async (clientCertificate) => {
    const config = gatewayConfig();
    const route = { path: "/x", methods: ["GET" as const], origin: "main", transport: { clientCertificate } };
    const gate = install({ config: { ...config, routes: [...config.routes, { ...route, credentials: ["bearer"] }] } });
    expect(await metadata(gate)).toMatchObject({ tls_client_certificate_bound_access_tokens: true });
    const keys = [...config.routes, { ...route, transport: { clientCertificate: "required" as const } }];
    const keysAlone = keys.map((one) => (one.path === "/x" ? { ...one, credentials: ["secret_key" as const] } : one));
    const told = await metadata(install({ config: { ...config, routes: keysAlone } }));
    expect(told).not.toHaveProperty("tls_client_certificate_bound_access_tokens");
  });
});
