import { beforeAll, describe, expect, it } from "vitest";
import { PROXY_SECRET_FIELD } from "../../src/authorizer/forward_auth.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import type { Installation } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { askAsProxy, type Changes, installForProxies, PROXY_SECRET } from "../support/shapes.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

async function codeOf(response: Response): Promise<unknown> {
  return (await problemOf(response)).code;
}

describe("nginx, whose auth_request knows 2xx, 401 and 403", () => {
  const door = "/_authz/nginx";

  it("what passes is 200, with the identity and what callers are told", async () => {
    const gate = installForProxies();
    const response = await askAsProxy(gate, "/limited/ping", bearer(await token(ring)), door);
    expect(response.status).toBe(200);
    expect(response.headers.get("sallyport-identity")?.split(".")).toHaveLength(3);
    expect(response.headers.get("ratelimit-limit")).toBe("5");
    expect(await response.text()).toBe("");
  });

  it("401 stays 401 with its challenge; all else is 403 with the true status and code beside it", async () => {
    const gate = installForProxies();
    const good = bearer(await token(ring));
    const told = async (path: string, headers: Changes) => {
      const { status, headers: fields } = await askAsProxy(gate, path, headers, door);
      return [status, fields.get("sallyport-status"), fields.get("sallyport-code")];
    };
    expect(await told("/orders", {})).toEqual([401, "401", "unauthenticated"]);
    expect((await askAsProxy(gate, "/orders", {}, door)).headers.get("www-authenticate")).toContain(
      "resource_metadata=",
    );
    expect(await told("/managers", good)).toEqual([403, "403", "forbidden"]);
    expect(await told("/nothing", good)).toEqual([403, "404", "not_found"]);
    expect(await told("/orders", { ...good, "x-forwarded-method": "DELETE" })).toEqual([
      403,
      "405",
      "method_not_allowed",
    ]);
    expect(await told("/v0/orders", good)).toEqual([403, "410", "gone"]);
    expect(await told("/a//b", good)).toEqual([403, "400", "path_ambiguous"]);
    expect(await told("/orders", { ...good, "x-forwarded-uri": null })).toEqual([403, "400", "forwarding_refused"]);
    const statuses = [];
    for (let count = 0; count < 6; count++) statuses.push((await told("/limited/ping", good))[1]);
    expect(statuses).toEqual([null, null, null, null, null, "429"]);
    const denied = await askAsProxy(gate, "/limited/ping", good, door);
    expect(Number(denied.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("Envoy, which asks under the path itself", () => {
  const envoy = (gate: Installation, path: string, changes: Changes = {}, method = "GET") => {
    const own = { [PROXY_SECRET_FIELD]: PROXY_SECRET, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7" };
    const headers = Object.entries({ ...own, "content-length": "0", ...changes });
    const sent = headers.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
    return gate.fetch(`/_authz/envoy${path}`, { method, headers: sent });
  };

  it("its method and path are the call's", async () => {
    const gate = installForProxies({}, {}, { undeclaredBodies: "allow" });
    const good = bearer(await token(ring));
    expect((await envoy(gate, "/orders?page=2", good)).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ method: "GET", path: "/orders", shape: "forward_auth" });
    expect((await envoy(gate, "/orders", good, "POST")).status).toBe(403);
    expect((await envoy(gate, "/orders", good, "DELETE")).status).toBe(405);
    expect((await envoy(gate, "/orders")).status).toBe(401);
    expect((await envoy(gate, "/")).status).toBe(404);
    expect((await envoy(gate, "")).status).toBe(400);
  });

  it("another host that it names is the call's host; other words on the call contradict it", async () => {
    const gate = installForProxies();
    expect((await envoy(gate, "/public/health", { "x-forwarded-host": "evil.test" })).status).toBe(421);
    for (const name of ["x-forwarded-uri", "x-forwarded-method", "x-original-url", "x-original-method"]) {
      expect(await codeOf(await envoy(gate, "/orders", { [name]: "/public/health" }))).toBe("forwarding_refused");
    }
    expect(await codeOf(await envoy(gate, "/public/health", { "x-forwarded-proto": null }))).toBe("forwarding_refused");
  });

  it.each([
    "/../../public/health",
    "/orders/%2e%2e/%2e%2e/%2e%2e/public/health",
    "/x/../../../.well-known/sallyport/identity-jwks.json",
  ])(
    "%s leads the question out to a path that answers 200: a call with the proxy's secret is refused there",
    async (path) => {
      const gate = installForProxies();
      const response = await envoy(gate, path);
      expect([response.status, await codeOf(response)]).toEqual([403, "proxy_astray"]);
      expect(network.calls).toEqual([]);
    },
  );
});

describe("a body that the gate does not see", () => {
  it.each(["POST", "PUT", "PATCH"])(
    "%s without a stated length is refused, unless the setting allows it",
    async (method) => {
      const config = gatewayConfig();
      const route = {
        path: "/anything",
        methods: ["POST" as const, "PUT" as const, "PATCH" as const],
        origin: "main",
        public: true,
      };
      const wishes = { config: { ...config, routes: [...config.routes, route] } };
      const changes = { "x-forwarded-method": method };
      const gate = installForProxies(wishes);
      const refused = await askAsProxy(gate, "/anything", changes);
      expect([refused.status, await codeOf(refused)]).toEqual([411, "length_required"]);
      expect((await askAsProxy(gate, "/anything", { ...changes, "content-length": "0" })).status).toBe(411);
      expect((await askAsProxy(gate, "/anything", { ...changes, "x-forwarded-content-length": "9" })).status).toBe(200);
      const lax = installForProxies(wishes, {}, { undeclaredBodies: "allow" });
      expect((await askAsProxy(lax, "/anything", changes)).status).toBe(200);
    },
  );

  it("what the proxy says of the length is held against the route's bound; what its caller says is not", async () => {
    const gate = installForProxies();
    const good = { ...bearer(await token(ring)), "x-forwarded-method": "POST" };
    const told = async (length: string, own = "0") =>
      (await askAsProxy(gate, "/upload", { ...good, "x-forwarded-content-length": length, "content-length": own }))
        .status;
    expect(await told("65536")).toBe(200);
    expect(await told("65536", "999999999")).toBe(200);
    expect(await told("65537")).toBe(413);
  });
});

describe("scripts of other web origins", () => {
  const PAGE = "https://app.example";
  const config = gatewayConfig();
  const open = { path: "/open", methods: ["GET" as const], origin: "main", public: true, cors: { origins: [PAGE] } };
  const wishes = { config: { ...config, routes: [...config.routes, open] } };
  const preflight = { origin: PAGE, "access-control-request-method": "GET" };

  it("a preflight is no call that a proxy may pass on: its answer is not a yes", async () => {
    const gate = installForProxies(wishes);
    for (const [door, status] of [
      ["/_authz", 405],
      ["/_authz/nginx", 403],
    ] as const) {
      const response = await askAsProxy(gate, "/open", { ...preflight, "x-forwarded-method": "OPTIONS" }, door);
      expect(response.status).toBe(status);
    }
  });

  it("another Worker gives the answer of a preflight to its caller, and the fields with what passes", async () => {
    const gate = installForProxies(wishes);
    const call = { method: "OPTIONS", url: "https://api.test/open", headers: Object.entries(preflight) };
    const answer = await gate.authorize(call);
    expect(answer).toMatchObject({ allowed: false, status: 204, code: null, body: "" });
    const passed = await gate.authorize({ ...call, method: "GET" });
    if (!passed.allowed) throw new Error("refused");
    expect(new Map(passed.responseHeaders).get("access-control-allow-origin")).toBe(PAGE);
  });
});

it("a body in chunks has no length either, whatever the method", async () => {
  const call = {
    method: "GET",
    url: "https://api.test/public/health",
    headers: [["transfer-encoding", "chunked"]],
  } as const;
  const refused = await installForProxies().authorize(call);
  expect(refused).toMatchObject({ allowed: false, status: 411, code: "length_required" });
  const lax = installForProxies({}, {}, { undeclaredBodies: "allow" });
  expect(await lax.authorize(call)).toMatchObject({ allowed: true });
});
