import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

function gate() {
  const config = gatewayConfig();
  const get = { methods: ["GET" as const], origin: "main" };
  config.gateway.securityHeaders = { referrerPolicy: "same-origin", hsts: "withdraw" };
  config.origins.guarded = {
    url: "http://origin.test:8788",
    audience: "urn:test:guarded",
    timeoutMs: 2_000,
    maxConcurrent: 5,
  };
  config.routes.push(
    { ...get, path: "/site", public: true, cookies: ["theme", "__Host-cart"] },
    { ...get, path: "/site/guarded", origin: "guarded", cookies: ["theme"] },
    {
      ...get,
      path: "/site/page",
      public: true,
      securityHeaders: { contentSecurityPolicy: "default-src 'self'", frameAncestors: ["https://app.example"] },
    },
  );
  return install({ config });
}

const SENT = "theme=dark; __Host-sallyport_session=secret; sallyport_browser=secret; __Host-cart=7; other=1";

describe("RFC 6265: cookies of a caller", () => {
  it("reach the origin of a route that lists them, and no other of them does", async () => {
    const one = gate();
    await one.fetch("/site", { headers: { cookie: SENT } });
    await one.fetch("/site/guarded", { headers: { cookie: SENT, ...bearer(await token(ring)) } });
    await one.fetch("/public/health", { headers: { cookie: SENT } });
    expect(network.originCalls.map(({ headers }) => headers.get("cookie"))).toEqual([
      "theme=dark; __Host-cart=7",
      "theme=dark",
      null,
    ]);
  });

  it("in two fields, as HTTP/2 has it, are never joined into something else", async () => {
    await gate().fetch("/site", {
      headers: [
        ["cookie", "theme=dark"],
        ["cookie", "__Host-cart=7"],
      ],
    });
    expect(network.originCalls[0]?.headers.get("cookie") ?? "none").toMatch(
      /^(?:none|__Host-cart=7|theme=dark; __Host-cart=7)$/,
    );
  });

  it("too many of them are refused before they are read", async () => {
    const response = await gate().fetch("/site", { headers: { cookie: "theme=1;".repeat(5_000) } });
    expect(response.status).toBe(431);
    expect(network.calls).toEqual([]);
  });
});

describe("cookies of an origin", () => {
  it("reach the caller where the route lists them, for the gate's host alone, and such answers are stored nowhere", async () => {
    network.origin(() => {
      const headers = new Headers({ "cache-control": "public, max-age=60" });
      headers.append("set-cookie", "theme=dark; Domain=example.com; Path=/");
      headers.append("set-cookie", "__Host-sallyport_session=forged; Path=/; Secure");
      headers.append("set-cookie", "__Host-cart=; Max-Age=0; Path=/; Secure");
      return new Response("x", { headers });
    });
    const response = await gate().fetch("/site");
    expect(response.headers.getSetCookie()).toEqual([
      "theme=dark; Path=/; Secure",
      "__Host-cart=; Max-Age=0; Path=/; Secure",
    ]);
    expect(response.headers.get("cache-control")).toBe("no-store, private");
    const other = await gate().fetch("/public/health");
    expect(other.headers.getSetCookie()).toEqual([]);
    expect(other.headers.get("cache-control")).toBe("public, max-age=60");
  });

  it("an origin that sets very many of them sets the first fifty", async () => {
    network.origin(() => {
      const headers = new Headers();
      for (let at = 0; at < 60; at++) headers.append("set-cookie", `theme=${at}`);
      return new Response("x", { headers });
    });
    expect((await gate().fetch("/site")).headers.getSetCookie()).toHaveLength(50);
  });
});

describe("security headers", () => {
  it("are the route's where it has its own, and the gateway's on every other answer", async () => {
    network.origin(
      () =>
        new Response("x", { headers: { "x-frame-options": "ALLOWALL", "content-security-policy": "default-src *" } }),
    );
    const one = gate();
    const page = await one.fetch("/site/page");
    expect(page.headers.get("content-security-policy")).toBe("default-src 'self'; frame-ancestors https://app.example");
    // The old field has no words for one origin: an origin's own would contradict.
    expect(page.headers.has("x-frame-options")).toBe(false);
    for (const path of [
      "/site/page",
      "/public/health",
      "/orders",
      "/nowhere",
      "//",
      "/.well-known/oauth-protected-resource",
    ]) {
      const { headers } = await one.fetch(path);
      expect(headers.get("referrer-policy"), path).toBe("same-origin");
      expect(headers.get("strict-transport-security"), path).toBe("max-age=0");
      expect(headers.get("x-content-type-options"), path).toBe("nosniff");
      if (path !== "/site/page") expect(headers.get("x-frame-options"), path).toBe("DENY");
    }
  });
});
