import { expect, it } from "vitest";
import { call, callRaw, type ShapesWorld } from "./shapes_world.ts";
import { HOST } from "./two_isolates_world.ts";

/** Spellings by which `/orders` might be reached as something public, or something public as `/orders`. */
const TARGETS = [
  "/orders",
  "/public/../orders",
  "/public/./../orders",
  "/public/%2e%2e/orders",
  "/public/%2E%2E/orders",
  "/public/.%2e/orders",
  "/public/..%2forders",
  "/public/%2e%2e%2forders",
  "/public%2f..%2forders",
  "/public/..%5corders",
  "/public\\..\\orders",
  "/public/..\\orders",
  "/public/x;/../../orders",
  "/public/..;/orders",
  "/orders;/../public/x",
  "/orders/../public/x",
  "/orders/%2e%2e/public/x",
  "//orders",
  "/public//../orders",
  "/public///../../orders",
  "/.//orders",
  "/./orders",
  "/%6frders",
  "/%2forders",
  "/orders%00",
  "/orders%00/../public/x",
  "/orders%20",
  "/orders.",
  "/orders/",
  "/ORDERS",
  "/public/%252e%252e/orders",
  "/public/x%23/../../orders",
  "/public/x#/../../orders",
  "/orders#/public/x",
  "/public/x?/../../orders",
  "/orders?/public/x",
  "/public/\uff0e\uff0e/orders",
  "/public/%ef%bc%8e%ef%bc%8e/orders",
  "/public/%c0%ae%c0%ae/orders",
  "/public/\u00e9/../../orders",
  `http://${HOST}/orders`,
  `http://${HOST}/public/../orders`,
  "http://evil.test/orders",
  "*",
  "orders",
  "public/x",
] as const;

/** Headers by which a caller might speak for the proxy, for the gate or for somebody else. */
const WORDS = [
  "X-Original-URL: /public/x",
  `X-Original-URL: http://${HOST}/public/x\r\nX-Original-Method: GET`,
  "X-Rewrite-URL: /public/x",
  "X-Forwarded-Uri: /public/x",
  "X-Forwarded-Uri: /public/x\r\nX-Forwarded-Uri: /public/x",
  "x-forwarded-uri: /public/x\r\nX_Forwarded_Uri: /public/x",
  "X-Forwarded-Method: OPTIONS",
  "X-Forwarded-Host: evil.test",
  "X-HTTP-Method-Override: OPTIONS",
  "Connection: X-Forwarded-Uri, X-Forwarded-Method, Sallyport-Proxy-Secret\r\nX-Forwarded-Uri: /public/x",
  "Connection: close, X-Forwarded-For, X-Forwarded-Host",
  "Sallyport-Proxy-Secret: guessed",
  "Sallyport-Identity: eyJ.forged.x",
] as const;

/** What a lenient server would serve for a target: decoded as often as it can be, folded, dots and slashes resolved. */
function served(target: string): string {
  let text = target.replace(/^https?:\/\/[^/]*/, "").split(/[?#]/, 1)[0] ?? "";
  for (let round = 0; round < 3; round++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  const segments: string[] = [];
  for (const segment of text.normalize("NFKC").replaceAll("\\", "/").split("/")) {
    const name = segment.split(/[;\u0000]/, 1)[0]?.trim() ?? "";
    if (name === "..") segments.pop();
    else if (name !== "" && name !== ".") segments.push(name);
  }
  return `/${segments.join("/")}`;
}

/** The attacks that every proxy has to bear with the gate beside it. */
export function bearsAttacks(world: () => ShapesWorld, port: () => number): void {
  const head = (target: string, lines: readonly string[] = [], host: string = HOST) =>
    [`GET ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...lines].join("\r\n");

  it.each(TARGETS)("%s: nobody's call reaches the origin as anything but a public path", async (target) => {
    const { received } = world();
    const before = received.length;
    // On the wire as UTF-8.
    const bytes = Buffer.from(target, "utf8").toString("latin1");
    const status = await callRaw(port(), head(bytes));
    const arrived = received.slice(before).map(({ url }) => served(url));
    expect(arrived.filter((path) => !path.startsWith("/public/"))).toEqual([]);
    if (arrived.length === 0) expect(status).not.toBe(200);
  });

  let held: Promise<string> | undefined;
  it.each(TARGETS)("%s: a caller with a token reaches by it only what was decided on", async (target) => {
    const { received, token } = world();
    held ??= token();
    const good = `Authorization: Bearer ${await held}`;
    const before = received.length;
    await callRaw(port(), head(Buffer.from(target, "utf8").toString("latin1"), [good]));
    // The one protected path that such a call may reach is the one that its scope opens, in its plain spelling.
    const arrived = received.slice(before).map(({ url }) => url.split("?", 1)[0] ?? "");
    expect(arrived.filter((path) => !/^\/(?:%6f|o)rders\/?$|^\/public\//.test(path))).toEqual([]);
    for (const path of arrived) expect(served(path)).toBe(path.replace("%6f", "o").replace(/\/$/, ""));
  });

  it.each(WORDS)(
    "%s: the caller's word changes nothing of the decision, and nothing of it reaches the origin",
    async (word) => {
      const { received } = world();
      const before = received.length;
      expect(await callRaw(port(), head("/orders", [word]))).not.toBe(200);
      expect(received).toHaveLength(before);
      await callRaw(port(), head("/public/x", [word]));
      for (const { url, headers } of received.slice(before)) {
        expect(url).toBe("/public/x");
        expect(headers["sallyport-identity"] ?? "").toBe("");
        expect(headers["sallyport-proxy-secret"]).toBeUndefined();
      }
    },
  );

  it.each([`${HOST}.`, "evil.test", "", "other.test", `${HOST}\r\nHost: ${HOST}`, `user@${HOST}`])(
    "Host %j: a name that is not the gate's opens nothing",
    async (host) => {
      const { received } = world();
      const before = received.length;
      await callRaw(port(), head("/orders", [], host));
      expect(received).toHaveLength(before);
    },
  );

  it("/_authz is the proxy's own: a caller gets nothing from it", async () => {
    const { received, token } = world();
    const before = received.length;
    const headers = {
      authorization: `Bearer ${await token()}`,
      "x-forwarded-uri": "/orders",
      "x-forwarded-method": "GET",
    };
    for (const path of ["/_authz", "/_authz/nginx", "/_authz/envoy/orders"]) {
      const told = await call(port(), path, { headers });
      expect([path, told.status]).toEqual([path, 404]);
      expect(told.headers["sallyport-identity"]).toBeUndefined();
    }
    expect(received).toHaveLength(before);
  });
}

/** What every proxy does with the gate's answers. */
export function carriesOut(world: () => ShapesWorld, port: () => number): void {
  const bearer = async () => ({ authorization: `Bearer ${await world().token()}` });

  it("what passes reaches the origin as it was sent, with the identity and without the credential", async () => {
    const { received } = world();
    const headers = { ...(await bearer()), cookie: "a=b", "x-kept": "yes" };
    const told = await call(port(), "/orders?page=2&q=%C3%BC", { headers });
    expect([told.status, told.text]).toEqual([200, '{"from":"origin"}']);
    const last = received.at(-1);
    expect(last).toMatchObject({ method: "GET", url: "/orders?page=2&q=%C3%BC", headers: { "x-kept": "yes" } });
    expect(String(last?.headers["sallyport-identity"]).split(".")).toHaveLength(3);
    expect(last?.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.stringify(last?.headers)).not.toMatch(/Bearer|thirty-two|"cookie"/);
    expect(last?.headers["x-forwarded-for"]).toBe("127.0.0.1");
  });

  it("a public route needs nobody, and has an empty identity or none", async () => {
    const { received } = world();
    expect((await call(port(), "/public/x")).status).toBe(200);
    expect(received.at(-1)?.headers["sallyport-identity"] ?? "").toBe("");
  });

  it("a body goes to the origin and not to the gate, which knows its length", async () => {
    const { received } = world();
    const headers = await bearer();
    expect((await call(port(), "/orders", { method: "POST", headers, body: "a body" })).status).toBe(200);
    expect(received.at(-1)).toMatchObject({ method: "POST", body: "a body" });
    const before = received.length;
    expect((await call(port(), "/orders", { method: "POST", headers, body: "x".repeat(65) })).status).toBe(413);
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    expect((await call(port(), "/orders", { method: "POST", headers: chunked })).status).toBe(411);
    expect(received).toHaveLength(before);
  });

  it("each refusal keeps its status, its code and what callers need to go on", async () => {
    const { received } = world();
    const headers = await bearer();
    const before = received.length;
    const anonymous = await call(port(), "/orders");
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers["www-authenticate"]).toContain("resource_metadata=");
    const told = async (path: string, wishes: object = {}) => {
      const answer = await call(port(), path, { headers, ...wishes });
      return [answer.status, JSON.parse(answer.text).code, answer.headers["content-type"]];
    };
    const problem = "application/problem+json";
    expect(await told("/managers")).toEqual([403, "forbidden", problem]);
    expect(await told("/nothing")).toEqual([404, "not_found", problem]);
    expect(await told("/orders", { method: "PUT", body: "" })).toEqual([405, "method_not_allowed", problem]);
    expect(await told("/v0/orders")).toEqual([410, "gone", problem]);
    expect(received).toHaveLength(before);
    expect((await call(port(), "/few", { headers })).status).toBe(200);
    expect((await call(port(), "/few", { headers })).status).toBe(200);
    const limited = await call(port(), "/few", { headers });
    expect([limited.status, JSON.parse(limited.text).code]).toEqual([429, "quota_exceeded"]);
    expect(Number(limited.headers["retry-after"])).toBeGreaterThan(0);
    expect(limited.headers.ratelimit).toMatch(/^"few";r=0/);
  });
}
