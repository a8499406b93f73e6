import fc from "fast-check";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type ForgeKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

const text = fc.string({ maxLength: 30, unit: "binary-ascii" }).map((value) => value.replace(/[\u0000\r\n]/g, ""));
const headerName = fc.constantFrom(
  ...["authorization", "x-api-key", "cookie", "connection", "content-length", "content-type", "te", "upgrade", "host"],
  ...["sallyport-identity", "x-forwarded-for", "expect", "range", "x-random", "transfer-encoding", "accept-encoding"],
);
const path = fc.oneof(
  fc.constantFrom("/orders", "/whoami", "/public/health", "/public/secret", "/limited/ping", "/upload", "/v1/orders"),
  fc.constantFrom("/.well-known/oauth-protected-resource", "/_authz", "/access/v1/evaluation", "/public/x"),
  fc.webPath(),
  text.map((value) => `/${value}`),
);
const request = fc.record({
  path,
  query: fc.oneof(
    fc.constant(""),
    fc.webQueryParameters().map((query) => `?${query}`),
    text.map((value) => `?${value}`),
  ),
  method: fc.constantFrom("GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "PROPFIND"),
  headers: fc.array(fc.tuple(headerName, text), { maxLength: 4 }),
  body: fc.option(fc.string({ maxLength: 200 }), { nil: undefined }),
  credential: fc.constantFrom("none", "token", "key", "broken"),
});

describe("CWE-248: nothing that a caller sends is a fault of ours", () => {
  it("2,000 random requests: none is 5xx, none hangs, and the origin sees only calls that a route allowed", async () => {
    // What the gate knows of the feed must not grow old meanwhile, or a slow machine would be a fault of ours.
    vi.setSystemTime(Date.now());
    onTestFinished(() => void vi.useRealTimers());
    const gate = install();
    const good = await token(ring, { scope: "orders:read orders:write" });
    const { key } = await storedKey();
    const credentials: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
      none: [],
      token: [["authorization", `Bearer ${good}`]],
      key: [["x-api-key", key]],
      broken: [["authorization", `Bearer ${good.slice(0, -3)}AAA`]],
    };
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(request, async ({ path: target, query, method, headers, body, credential }) => {
        const sent = [...(credentials[credential] ?? []), ...headers] as const;
        const url = `${GATEWAY_URL}${target}${query}`;
        fc.pre(URL.canParse(url));
        const before = network.originCalls.length;
        const content = body === undefined || method === "GET" || method === "HEAD" ? {} : { body };
        const response = await gate.fetch(url, { method, headers: sent, ...content });
        seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
        expect(response.status).toBeLessThan(500);
        expect(response.headers.get("x-request-id")).not.toBeNull();
        const called = network.originCalls.length - before;
        expect(called).toBeLessThanOrEqual(1);
        const isOpen = network.originCalls.at(-1)?.url.includes("/public/") === true;
        if (called === 1 && !isOpen) expect(["token", "key"]).toContain(credential);
      }),
      { numRuns: 2_000 },
    );
    for (const status of [200, 400, 401, 404, 405]) expect(seen.get(status) ?? 0, String(status)).toBeGreaterThan(0);
  });
});
