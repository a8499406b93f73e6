import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const TRACE = "TypeError: x is undefined\n    at handler (/srv/app/secret.js:1:2)";
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

async function whoami(path = "/whoami") {
  return install().fetch(path, { headers: bearer(await token(ring)) });
}

describe("RFC 9110 15.6: an origin that fails", () => {
  it("down: 502 problem+json that does not say where or why", async () => {
    network.origin(() => Promise.reject(new TypeError("connect ECONNREFUSED 10.0.0.7:8788")));
    const response = await whoami();
    expect(response.status).toBe(502);
    expect(await problemOf(response)).toEqual({
      type: "urn:sallyport:problem:origin_unreachable",
      title: "Bad Gateway",
      status: 502,
      code: "origin_unreachable",
    });
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", status: 502, reason: "origin_unreachable" });
    network.origin(() => new Response("well"));
    expect((await whoami()).status).toBe(200);
  });

  it("slow beyond its deadline: 504, though the origin never answers", async () => {
    network.origin(() => new Promise(() => {}));
    const response = await whoami("/elsewhere");
    expect(response.status).toBe(504);
    expect(await problemOf(response)).toMatchObject({ code: "origin_timeout", title: "Gateway Timeout" });
    expect(logs.lastDecision).toMatchObject({ reason: "origin_timeout" });
    network.origin(() => new Response("well"));
    expect((await whoami("/elsewhere")).status).toBe(200);
  });

  it.each([500, 501, 502, 503, 504, 507, 599])(
    "%d: its own account of it is replaced; Retry-After stays",
    async (status) => {
      network.origin(
        () =>
          new Response(TRACE, {
            status,
            statusText: "secret.js",
            headers: { "x-debug": TRACE.split("\n")[0] ?? "", "retry-after": "7", server: "nginx/1.2.3" },
          }),
      );
      const response = await whoami();
      expect(response.status).toBe(status);
      expect(response.statusText).not.toContain("secret");
      expect(response.headers.get("retry-after")).toBe("7");
      expect(JSON.stringify([...response.headers])).not.toMatch(/TypeError|nginx/);
      expect(await problemOf(response)).toEqual({
        type: "urn:sallyport:problem:origin_error",
        title: "The origin failed",
        status,
        code: "origin_error",
      });
    },
  );

  it.each([400, 401, 403, 404, 409, 418, 422, 429])(
    "%d is the origin's to say: it passes with its body",
    async (status) => {
      network.origin(() => Response.json({ reason: "mine" }, { status }));
      const response = await whoami();
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({ reason: "mine" });
      expect(logs.lastDecision).toMatchObject({ outcome: "allowed", status, reason: null });
    },
  );

  it.each([204, 205, 304])("%d, which has no body, passes", async (status) => {
    network.origin(() => new Response(null, { status, headers: { etag: '"1"' } }));
    const response = await whoami();
    expect(response.status).toBe(status);
    expect(response.body).toBeNull();
    expect(response.headers.get("etag")).toBe('"1"');
  });
});

describe("RFC 9700 4.9: nothing follows a redirect", () => {
  it.each([301, 302, 303, 307, 308])("%d goes to the caller; no second call is made", async (status) => {
    network.serve("https://evil.test", () => new Response("stolen"));
    network.origin(() => new Response(null, { status, headers: { location: "https://evil.test/collect" } }));
    const response = await whoami();
    expect(response.status).toBe(status);
    expect(response.headers.get("location")).toBe("https://evil.test/collect");
    expect(network.calls).toHaveLength(1);
    expect(network.calls[0]?.headers.get("authorization")).toBeNull();
  });
});

describe("an origin's headers", () => {
  it("what sets sessions, speaks of a hop, or speaks for the gate does not reach the caller; the rest does", async () => {
    network.origin(() => {
      const headers = new Headers({
        "content-type": "text/plain",
        etag: '"1"',
        "x-mine": "yes",
        connection: "close, X-Hop",
        "x-hop": "private",
        "keep-alive": "timeout=5",
        "proxy-authenticate": "Basic",
        upgrade: "h2c",
        te: "trailers",
        server: "nginx/1.2.3",
        "x-powered-by": "PHP/5",
        "sallyport-identity": "forged",
        "sallyport-anything": "forged",
        "x-request-id": "forged",
        "x-frame-options": "ALLOWALL",
        "content-security-policy": "default-src *",
        "x-content-type-options": "sniff",
        "cache-control": "public, max-age=3600",
      });
      headers.append("set-cookie", "session=1; Path=/");
      headers.append("set-cookie", "other=2");
      return new Response("body", { headers });
    });
    const response = await whoami();
    const names = [...response.headers.keys()];
    for (const gone of [
      "set-cookie",
      "connection",
      "x-hop",
      "keep-alive",
      "proxy-authenticate",
      "upgrade",
      "te",
      "server",
      "x-powered-by",
      "sallyport-identity",
      "sallyport-anything",
    ]) {
      expect(names).not.toContain(gone);
    }
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/plain",
      etag: '"1"',
      "x-mine": "yes",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store, private",
    });
    expect(response.headers.get("x-request-id")).not.toBe("forged");
  });

  it("RFC 9111 3: an answer to a proven caller is stored nowhere, one of a public route as its origin says", async () => {
    network.origin(() => new Response("x", { headers: { "cache-control": "public, max-age=60" } }));
    expect((await whoami()).headers.get("cache-control")).toBe("no-store, private");
    expect((await whoami("/public/health")).headers.get("cache-control")).toBe("public, max-age=60");
  });

  it("limit fields of an origin do not stand for the gate's", async () => {
    network.origin(() => new Response("x", { headers: { ratelimit: '"x";r=9;t=9', "ratelimit-remaining": "999" } }));
    const response = await whoami("/limited/ping");
    expect(response.headers.get("ratelimit-remaining")).toBe("4");
    expect(response.headers.get("ratelimit")).toMatch(/^"ping";r=4;t=\d+$/);
  });
});

describe("RFC 9110 15: a status that no caller can be given", () => {
  it.each([101, 199, 600, 999])("%d is 502 origin_error, and the call stays an allowed one", async (status) => {
    network.origin(() => Object.defineProperty(new Response("odd"), "status", { value: status }));
    const response = await whoami();
    expect(response.status).toBe(502);
    expect(await problemOf(response)).toMatchObject({ code: "origin_error" });
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", status: 502 });
    network.origin(() => new Response("well", { status: 299 }));
    expect((await whoami()).status).toBe(299);
  });
});
