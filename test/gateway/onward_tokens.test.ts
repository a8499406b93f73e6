import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../src/bindings.ts";
import { DeploymentFault } from "../../src/bindings.ts";
import { guardedConfig } from "../support/guarded.ts";
import { install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();

const SERVER = "https://tokens.example.com";
const ORIGIN = "https://billing.example.com";
const CLIENT_SECRET = secret("an origin's secret: 100 %+ü");
const onward = { tokenUrl: `${SERVER}/token`, clientId: "gate way", clientSecretBinding: "BILLING_SECRET" };
const env: Environment = { ...{ MAIL_FROM: null }, ...{ BILLING_SECRET: CLIENT_SECRET, OTHER_SECRET: "other-secret" } };

beforeEach(() => {
  vi.setSystemTime(Date.now());
});
afterEach(() => {
  vi.useRealTimers();
});

type Guards = Parameters<typeof guardedConfig>[0];

function installOnward(more: object = {}, others: Guards = {}) {
  return install({ env, config: guardedConfig({ billing: { url: ORIGIN, onward, ...more }, ...others }) });
}

/** A token server that gives `tok-1`, `tok-2` and so on, and remembers what it was asked. */
function tokenServer(answer: (token: string) => Response | Promise<Response> = granted(), url = SERVER) {
  const asked: { readonly body: string; readonly headers: Headers; readonly method: string }[] = [];
  network.serve(url, async (request) => {
    const body = new TextDecoder().decode(await request.arrayBuffer());
    asked.push({ body, headers: new Headers(request.headers), method: request.method });
    return answer(secret(`tok-${new URL(url).hostname.split(".")[0]}-${asked.length}`));
  });
  return asked;
}

function granted(expiresIn: unknown = 100) {
  return (token: string) => Response.json({ access_token: token, token_type: "Bearer", expires_in: expiresIn });
}

/** An origin that says which credential it received. */
function echo(url = ORIGIN) {
  network.serve(url, (request) => new Response(request.headers.get("authorization")));
}

async function sent(gate: ReturnType<typeof install>, path = "/billing/x", init = {}) {
  const response = await gate.fetch(path, init);
  return [response.status, await response.text()];
}

describe("RFC 6749 4.4: the gate's own token for an origin", () => {
  it("is asked for as the client, sent in place of what the caller sent, and kept", async () => {
    const asked = tokenServer();
    echo();
    const gate = installOnward({ onward: { ...onward, scope: ["a", "b"], resource: "https://billing.example.com/" } });
    const callers = { headers: { authorization: "Bearer the-callers" } };
    expect(await sent(gate, "/billing/x", callers)).toEqual([200, "Bearer tok-tokens-1"]);
    expect(await sent(gate)).toEqual([200, "Bearer tok-tokens-1"]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.method).toBe("POST");
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      grant_type: "client_credentials",
      scope: "a b",
      resource: "https://billing.example.com/",
    });
    const [scheme, pair = ""] = (asked[0]?.headers.get("authorization") ?? "").split(" ");
    expect([scheme, atob(pair)]).toEqual(["Basic", "gate+way:an+origin%27s+secret%3A+100+%25%2B%C3%BC"]);
    expect(asked[0]?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
  });

  it("of 50 calls at once one asks for it", async () => {
    const asked = tokenServer(async (token) => {
      await scheduler.wait(5);
      return granted()(token);
    });
    echo();
    const gate = installOnward();
    const calls = await Promise.all(Array.from({ length: 50 }, () => sent(gate)));
    expect(new Set(calls.map(String))).toEqual(new Set(["200,Bearer tok-tokens-1"]));
    expect(asked).toHaveLength(1);
  });

  it("is renewed behind a call before it ends, and no call waits", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = tokenServer(async (token) => {
      if (token.endsWith("2")) await promise;
      return granted()(token);
    });
    echo();
    const gate = installOnward();
    await sent(gate);
    vi.setSystemTime(Date.now() + 79_000);
    expect(await sent(gate)).toEqual([200, "Bearer tok-tokens-1"]);
    expect(asked).toHaveLength(1);
    vi.setSystemTime(Date.now() + 1_000);
    expect(await sent(gate)).toEqual([200, "Bearer tok-tokens-1"]);
    expect(await sent(gate)).toEqual([200, "Bearer tok-tokens-1"]);
    resolve();
    await gate.settled();
    expect(await sent(gate)).toEqual([200, "Bearer tok-tokens-2"]);
    expect(asked).toHaveLength(2);
  });

  it("while it cannot be renewed the old one serves to its end, and no further", async () => {
    tokenServer();
    echo();
    const gate = installOnward();
    await sent(gate);
    tokenServer(() => new Response("down", { status: 500 }));
    for (const waitMs of [80_000, 14_000]) {
      vi.setSystemTime(Date.now() + waitMs);
      expect(await sent(gate)).toEqual([200, "Bearer tok-tokens-1"]);
      await gate.settled();
    }
    vi.setSystemTime(Date.now() + 4_000);
    expect((await gate.fetch("/billing/x")).status).toBe(503);
  });
});

describe("a token server that is down, slow, lying or huge: 503, nothing reaches the origin, and it is not stormed", () => {
  const answers: readonly (readonly [string, string, () => Response | Promise<Response>])[] = [
    ["is down", "no answer", () => Promise.reject(new TypeError("refused"))],
    ["refuses the client", "status 401", () => Response.json({ error: "invalid_client" }, { status: 401 })],
    ["fails", "status 500", () => new Response("x", { status: 500 })],
    ["redirects", "status 307", () => new Response(null, { status: 307, headers: { location: "https://evil.test/" } })],
    ["answers in HTML", "content type", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["answers no JSON", "no answer", () => new Response("{", { headers: { "content-type": "application/json" } })],
    ["answers without end", "too large", () => Response.json({ access_token: "x".repeat(100_000) })],
    ["gives another type", "no token", () => Response.json({ access_token: "t", token_type: "mac", expires_in: 60 })],
    [
      "smuggles a header",
      "no token",
      () => Response.json({ access_token: "t\r\nx-admin: 1", token_type: "Bearer", expires_in: 60 }),
    ],
    ["gives one that ends at once", "no token", () => granted(1)("t")],
  ];

  it.each(answers)("%s", async (_, error, answer) => {
    const asked = tokenServer(answer);
    echo();
    const gate = installOnward();
    const response = await gate.fetch("/billing/x");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await problemOf(response)).toMatchObject({ code: "origin_credential_unavailable" });
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", reason: "origin_credential_unavailable" });
    const again = await Promise.all(Array.from({ length: 20 }, () => gate.fetch("/billing/x")));
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([503]));
    expect(asked).toHaveLength(1);
    expect(logs.events("onward_token_failed")).toEqual([expect.objectContaining({ origin: "billing", error })]);
    expect(network.calls.filter(({ url }) => !url.startsWith(SERVER))).toEqual([]);
    tokenServer();
    vi.setSystemTime(Date.now() + 3_000);
    expect((await sent(gate))[0]).toBe(200);
  });

  it("silent: the origin's deadline is the caller's, whatever the token server does", async () => {
    vi.useRealTimers();
    tokenServer(() => new Promise(() => {}));
    echo();
    const response = await installOnward({ timeoutMs: 20 }).fetch("/billing/x");
    expect(response.status).toBe(503);
  });
});

describe("an origin that does not take the token", () => {
  /** An origin that takes no token of these. */
  function refusing(...refused: string[]) {
    network.serve(ORIGIN, (request) => {
      const token = (request.headers.get("authorization") ?? "").slice("Bearer ".length);
      const challenge = { "www-authenticate": 'Bearer error="invalid_token"' };
      return refused.includes(token) || refused.includes("*")
        ? new Response("who are you", { status: 401, headers: challenge })
        : new Response(token);
    });
  }

  function originCalls() {
    return network.calls.filter(({ url }) => url.startsWith(ORIGIN)).length;
  }

  it("its 401 forces one renewal and one more call, also when 20 calls meet it at once", async () => {
    const asked = tokenServer();
    echo();
    const gate = installOnward();
    await sent(gate);
    vi.setSystemTime(Date.now() + 10_000);
    refusing("tok-tokens-1");
    const calls = await Promise.all(Array.from({ length: 20 }, () => sent(gate)));
    expect(new Set(calls.map(String))).toEqual(new Set(["200,tok-tokens-2"]));
    expect(asked).toHaveLength(2);
    expect(logs.lastDecision).toMatchObject({ status: 200, attempts: 2 });
  });

  it("one that takes none: 502 and no challenge, two calls at most for each of the caller's, no storm of fetches", async () => {
    const asked = tokenServer();
    refusing("*");
    const gate = installOnward();
    const response = await gate.fetch("/billing/x");
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([502, null]);
    expect(await problemOf(response)).toEqual({
      type: "urn:sallyport:problem:origin_credential_refused",
      title: "Bad Gateway",
      status: 502,
      code: "origin_credential_refused",
    });
    expect(logs.lastDecision).toMatchObject({ reason: "origin_credential_refused" });
    for (let call = 0; call < 20; call++) expect((await gate.fetch("/billing/x")).status).toBe(502);
    expect([asked.length, originCalls()]).toEqual([1, 21]);
    vi.setSystemTime(Date.now() + 10_000);
    for (let call = 0; call < 20; call++) expect((await gate.fetch("/billing/x")).status).toBe(502);
    expect([asked.length, originCalls()]).toEqual([2, 21 + 21]);
  });

  it("one path that always says 401 does not take the token from the others", async () => {
    tokenServer();
    network.serve(ORIGIN, (request) => new Response("x", { status: request.url.endsWith("/never") ? 401 : 200 }));
    const gate = installOnward();
    for (let call = 0; call < 5; call++) {
      vi.setSystemTime(Date.now() + 15_000);
      expect((await gate.fetch("/billing/never")).status).toBe(502);
      expect((await gate.fetch("/billing/x")).status).toBe(200);
    }
  });

  it("what may have a body or a consequence is not repeated: 502, and the next call has a new token", async () => {
    for (const init of [{ method: "POST" }, { method: "POST", body: "x" }, { method: "PUT", body: "x" }]) {
      const asked = tokenServer();
      echo();
      const gate = installOnward();
      await sent(gate);
      vi.setSystemTime(Date.now() + 10_000);
      refusing("tok-tokens-1");
      network.calls.length = 0;
      expect((await gate.fetch("/billing/x", init)).status).toBe(502);
      expect(originCalls()).toBe(1);
      await gate.settled();
      expect(await sent(gate, "/billing/x", init)).toEqual([200, "tok-tokens-2"]);
      expect(asked).toHaveLength(2);
    }
  });

  it("403 is the origin's to say, without its challenge", async () => {
    tokenServer();
    network.serve(ORIGIN, () => {
      const challenge = 'Bearer error="insufficient_scope", scope="inner"';
      return new Response("no", { status: 403, headers: { "www-authenticate": challenge, "x-mine": "yes" } });
    });
    const response = await installOnward().fetch("/billing/x");
    expect([response.status, await response.text(), response.headers.get("x-mine")]).toEqual([403, "no", "yes"]);
    expect(response.headers.get("www-authenticate")).toBeNull();
  });
});

describe("whose token it is", () => {
  it("each origin's goes to that origin alone, and none to an origin without", async () => {
    const other = "https://stock.example.com";
    const otherServer = "https://stock-tokens.example.com";
    tokenServer();
    tokenServer(granted(), otherServer);
    for (const url of [ORIGIN, other]) echo(url);
    network.origin((request) => new Response(request.headers.get("authorization") ?? "none"));
    const stock = {
      url: other,
      onward: { ...onward, tokenUrl: `${otherServer}/token`, clientSecretBinding: "OTHER_SECRET" },
    };
    const gate = installOnward({}, { stock, plain: { maxConcurrent: 10 } });
    for (let round = 0; round < 2; round++) {
      expect(await sent(gate)).toEqual([200, "Bearer tok-tokens-1"]);
      expect(await sent(gate, "/stock/x")).toEqual([200, "Bearer tok-stock-tokens-1"]);
      expect(await sent(gate, "/plain/x")).toEqual([200, "none"]);
      expect(await sent(gate, "/public/health")).toEqual([200, "none"]);
    }
  });

  it("RFC 9700 4.9: a redirect is the caller's to follow; the token goes nowhere with it", async () => {
    tokenServer();
    network.serve("https://evil.test", () => new Response("stolen"));
    network.serve(ORIGIN, () => new Response(null, { status: 302, headers: { location: "https://evil.test/" } }));
    const response = await installOnward().fetch("/billing/x");
    expect([response.status, response.headers.get("location")]).toEqual([302, "https://evil.test/"]);
    expect(network.calls.some(({ url }) => url.startsWith("https://evil.test"))).toBe(false);
  });
});

describe("the secret's binding", () => {
  it.each(["NOT_BOUND", "SIGNING_KEK"])("%s is a fault of the deployment", (clientSecretBinding) => {
    expect(() => installOnward({ onward: { ...onward, clientSecretBinding } })).toThrow(DeploymentFault);
    expect(() => installOnward({ onward: { ...onward, clientSecretBinding } })).toThrow(clientSecretBinding);
  });
});
