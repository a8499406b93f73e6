import { beforeAll, describe, expect, it } from "vitest";
import { PROXY_SECRET_FIELD } from "../../src/authorizer/forward_auth.ts";
import { compileConfig } from "../../src/config/compile.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL, gatewayConfig, ISSUER_URL } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import {
  askAsProxy,
  FORMER_SECRET,
  type ForwardAuthInput,
  forwardedHeaders,
  installForProxies,
  PROXY_SECRET,
} from "../support/shapes.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

async function codeOf(response: Response): Promise<unknown> {
  return (await problemOf(response)).code;
}

describe("who may ask", () => {
  it("whoever holds the secret, or the one before it while both are bound", async () => {
    const gate = installForProxies();
    for (const secret of [PROXY_SECRET, FORMER_SECRET]) {
      expect((await askAsProxy(gate, "/public/health", { [PROXY_SECRET_FIELD]: secret })).status).toBe(200);
    }
    const rotated = installForProxies({}, { secretBindings: ["PROXY_SECRET"] });
    expect((await askAsProxy(rotated, "/public/health", { [PROXY_SECRET_FIELD]: FORMER_SECRET })).status).toBe(403);
    expect((await askAsProxy(rotated, "/public/health")).status).toBe(200);
  });

  it("an answer names an identity in any case, an empty one where nobody is proven: proxies put it over a forged one", async () => {
    const gate = installForProxies();
    const open = await askAsProxy(gate, "/public/health");
    expect(open.headers.get("sallyport-identity")).toBe("");
    expect(open.headers.get("cache-control"), "a verdict is for one call").toBe("no-store, private");
    const proven = await askAsProxy(gate, "/orders", bearer(await token(ring)));
    expect(proven.headers.get("sallyport-identity")).toMatch(/^ey/);
  });

  it.each<[string, string | null]>([
    ["none", null],
    ["an empty one", ""],
    ["another", "a secret of somebody else, just as long as it"],
    ["its beginning", PROXY_SECRET.slice(0, -1)],
    ["more than it", `${PROXY_SECRET}x`],
    ["it twice", `${PROXY_SECRET}, ${PROXY_SECRET}`],
  ])(
    "a secret that is %s opens nothing, not even a public route, and nothing is said of the call",
    async (_, secret) => {
      const gate = installForProxies();
      const good = bearer(await token(ring));
      for (const door of ["/_authz", "/_authz/nginx", "/_authz/envoy/orders"]) {
        const response = await askAsProxy(gate, "/orders", { ...good, [PROXY_SECRET_FIELD]: secret }, door);
        expect([door, response.status]).toEqual([door, 403]);
        expect(response.headers.has("sallyport-identity")).toBe(false);
      }
      expect((await askAsProxy(gate, "/public/health", { [PROXY_SECRET_FIELD]: secret })).status).toBe(403);
      expect(logs.events("request_refused").at(-1)).toMatchObject({
        shape: "forward_auth",
        reason: "proxy_not_proven",
      });
      expect(logs.events("decision")).toEqual([]);
    },
  );

  it("strangers spend what their address may fail of authentications; a proxy that is known goes on", async () => {
    const gate = installForProxies({}, {}, { failedAuthenticationsPerMinute: 2 });
    const stranger = { [PROXY_SECRET_FIELD]: null };
    const statuses = [];
    for (let count = 0; count < 3; count++) statuses.push((await askAsProxy(gate, "/public/health", stranger)).status);
    expect(statuses).toEqual([403, 403, 429]);
    const refused = await askAsProxy(gate, "/public/health", stranger);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await codeOf(refused)).toBe("too_many_failures");
    expect((await askAsProxy(gate, "/public/health")).status).toBe(200);
  });

  it("a caller's failures count for the caller's address, and hold up nobody else behind the proxy", async () => {
    const gate = installForProxies({}, {}, { failedAuthenticationsPerMinute: 1 });
    const guess = { ...bearer("eyJ.e.x"), "x-forwarded-for": "198.51.100.1" };
    await askAsProxy(gate, "/orders", guess);
    const unknown = async (address: string) =>
      (await askAsProxy(gate, "/orders", { ...bearer(await token(ring)), "x-forwarded-for": address })).status;
    expect(await unknown("198.51.100.1")).toBe(429);
    expect(await unknown("198.51.100.2")).toBe(200);
  });

  it("without the setting nobody may: the path is 404, as it was", async () => {
    const gate = install();
    expect(await codeOf(await askAsProxy(gate, "/public/health"))).toBe("not_found");
  });

  it("a deployment that lacks the secret, or has a short one, does not start", () => {
    const config = gatewayConfig();
    const withSecret = (secretBindings: string[]) => () =>
      install({ config: { ...config, gateway: { ...config.gateway, forwardAuth: { secretBindings } } } });
    expect(withSecret(["MISSING_SECRET"])).toThrow(/MISSING_SECRET is missing/);
    expect(withSecret(["IDENTITY_KEK"])).toThrow(/IDENTITY_KEK/);
  });

  it.each<[string, Partial<ForwardAuthInput>]>([
    ["gateway.forwardAuth.secretBindings", { secretBindings: ["A", "A"] }],
    ["gateway.forwardAuth.secretBindings", { secretBindings: [] }],
    ["gateway.forwardAuth.secretBindings", { secretBindings: ["A", "B", "C"] }],
    ["gateway.forwardAuth.address.hops", { address: { header: "x-real-ip", hops: 2 } }],
    ["gateway.forwardAuth.address.hops", { address: { hops: 0 } }],
  ])("a fault at %s of %j", (path, forwardAuth) => {
    const config = gatewayConfig();
    const changed = { ...config.gateway, forwardAuth: { secretBindings: ["A"], ...forwardAuth } };
    const compiled = compileConfig({ ...config, gateway: changed });
    expect(compiled.ok ? [] : compiled.error.map((fault) => fault.path)).toEqual([path]);
  });
});

describe("what only the proxy may say", () => {
  const WORDS = {
    "x-forwarded-method": "GET",
    "x-forwarded-host": new URL(GATEWAY_URL).host,
    "x-forwarded-proto": "https",
    "x-forwarded-uri": "/public/health",
    "x-forwarded-for": "203.0.113.7",
    "x-original-url": `${GATEWAY_URL}/public/health`,
    "x-original-method": "GET",
    "x-rewrite-url": "/public/health",
  };

  it("a caller of the inline gateway changes nothing with it", async () => {
    const gate = installForProxies();
    expect((await gate.fetch("/orders", { headers: WORDS })).status).toBe(401);
    const written = await gate.fetch("/orders", {
      method: "POST",
      headers: { ...WORDS, ...bearer(await token(ring)) },
    });
    expect(written.status).toBe(403);
    expect(network.calls).toEqual([]);
  });

  it.each(["x-original-url", "x-original-method"])(
    "%s of a caller, which the proxy lets through, contradicts the proxy's words: refused",
    async (name) => {
      const gate = installForProxies();
      const response = await askAsProxy(gate, "/orders", { [name]: WORDS[name as keyof typeof WORDS] });
      expect(await codeOf(response)).toBe("forwarding_refused");
      expect(logs.events("request_refused").at(-1)).toMatchObject({ reason: "forwarding_conflict" });
    },
  );

  it.each(["x-forwarded-method", "x-forwarded-uri", "x-forwarded-host", "x-forwarded-proto"])(
    "a second %s, smuggled in before or after the proxy's, is refused",
    async (name) => {
      const gate = installForProxies();
      const own = Object.entries(forwardedHeaders({ path: "/orders" }));
      const second = [name, WORDS[name as keyof typeof WORDS]] as const;
      for (const headers of [
        [second, ...own],
        [...own, second],
      ]) {
        const response = await gate.fetch("/_authz", { headers });
        expect(await codeOf(response)).toBe("forwarding_refused");
      }
    },
  );

  it.each(["x-http-method-override", "x-http-method", "x-method-override", "x-rewrite-url", "forwarded"])(
    "%s of a caller is no word of the proxy",
    async (name) => {
      const gate = installForProxies();
      const good = bearer(await token(ring));
      const write = { ...good, "x-forwarded-method": "POST", "x-forwarded-content-length": "0" };
      expect((await askAsProxy(gate, "/orders", { ...write, [name]: "GET" })).status).toBe(403);
      expect((await askAsProxy(gate, "/orders", { ...good, [name]: "POST" })).status).toBe(200);
    },
  );

  it.each(["Sallyport-Identity", "sallyport_identity", "SALLYPORT-IDENTITY"])(
    "a caller's own %s is refused in every shape, so that no proxy passes it on by mistake",
    async (name) => {
      const gate = installForProxies();
      const response = await askAsProxy(gate, "/public/health", { [name]: "eyJ.forged.x" });
      expect([response.status, await codeOf(response)]).toEqual([400, "identity_presented"]);
      const call = { method: "GET", url: `${GATEWAY_URL}/public/health`, headers: [[name, "x"]] as const };
      expect(await gate.authorize(call)).toMatchObject({ allowed: false, status: 400 });
    },
  );

  it("what the platform says of the proxy's connection is not the caller's", async () => {
    const gate = installForProxies();
    const { key } = await storedKey({ terms: { addresses: ["198.51.100.0/24"] } });
    const proxy = { "cf-connecting-ip": "198.51.100.9", "x-real-ip": "198.51.100.9", "x-api-key": key };
    expect((await askAsProxy(gate, "/orders", { ...proxy, "x-forwarded-for": "203.0.113.7" })).status).toBe(401);
    const listed = "198.51.100.9, 203.0.113.7";
    expect((await askAsProxy(gate, "/orders", { ...proxy, "x-forwarded-for": listed })).status).toBe(401);
    expect((await askAsProxy(gate, "/orders", { ...proxy, "x-forwarded-for": "198.51.100.3" })).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ address: "198.51.100.3" });
  });

  it.each([
    ["", "forwarded_address_malformed"],
    [null, "forwarded_address_missing"],
    ["somewhere", "forwarded_address_malformed"],
  ])("the address %j: nobody is decided on", async (address, reason) => {
    const gate = installForProxies();
    const response = await askAsProxy(gate, "/public/health", { "x-forwarded-for": address });
    expect(response.status).toBe(400);
    expect(logs.events("request_refused").at(-1)).toMatchObject({ reason });
  });
});

describe("a path that proxy and gate could read in two ways", () => {
  it.each([
    "/orders/../public/health",
    "/public/../orders",
    "/orders/%2e%2e/public/health",
    "/public/%2E%2E/orders",
    "/orders/..%2fpublic/health",
    "//public/health",
    "/public/health;/../../orders",
    "/public\\..\\orders",
    "/public/health%00",
    "/public/%ef%bc%8e%ef%bc%8e/orders",
    `${GATEWAY_URL}/public/health`,
    "/public/health#/orders",
    "*",
  ])("%s is refused, also where the inline gateway would send its own spelling", async (path) => {
    const gate = installForProxies();
    const response = await askAsProxy(gate, path, bearer(await token(ring)));
    expect([response.status, await codeOf(response)]).toEqual([400, "path_ambiguous"]);
    const call = { method: "GET", url: `${GATEWAY_URL}${path}`, headers: [] };
    if (path.startsWith("/")) expect(await gate.authorize(call)).toMatchObject({ allowed: false, status: 400 });
  });

  it.each(["api.test.", "evil.test", "api.test:8443", "user@api.test", new URL(ISSUER_URL).host])(
    "the host %s is not the gate's",
    async (host) => {
      const gate = installForProxies();
      const response = await askAsProxy(gate, "/public/health", { "x-forwarded-host": host });
      expect([400, 421]).toContain(response.status);
    },
  );

  it.each(["/_authz", "/.well-known/sallyport/identity-jwks.json", "/access/v1/evaluation"])(
    "%s is Sallyport's own, and no origin's behind a proxy",
    async (path) => {
      const config = gatewayConfig();
      const everything = { path: "/*", methods: ["GET" as const], origin: "main", public: true };
      const gate = installForProxies({ config: { ...config, routes: [...config.routes, everything] } });
      expect((await askAsProxy(gate, "/anything")).status).toBe(200);
      expect(await codeOf(await askAsProxy(gate, path))).toBe("not_found");
    },
  );
});
