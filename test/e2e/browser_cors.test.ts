import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "../../scripts/workers/bundle.ts";
import { newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { openBrowser } from "./pages/browser.ts";

/**
 * What Chromium makes of the gate's answers to scripts: it is the one who holds pages to them.
 */
const GATE = "http://localhost:8787";
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let site: Server;
let siteUrl: string;
let miniflare: Miniflare;
let browser: Browser;
/** What reached the origin: `METHOD path`, and the cookies that came along. */
const calls: string[] = [];

beforeAll(async () => {
  site = createServer((request, response) => {
    if (request.url === "/page") {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Page</title>");
      return;
    }
    if (request.url === "/favicon.ico") {
      response.writeHead(204).end();
      return;
    }
    calls.push(`${request.method} ${request.url} ${request.headers.cookie ?? "-"}`);
    response.setHeader("set-cookie", ["basket=full; Path=/; SameSite=Lax", "sallyport_session=forged; Path=/"]);
    response.writeHead(200, { "content-type": "application/json", "access-control-allow-origin": "*" });
    response.end(JSON.stringify({ cookie: request.headers.cookie ?? null }));
  });
  await new Promise<void>((resolve) => {
    site.listen(0, "127.0.0.1", resolve);
  });
  const { port } = site.address() as AddressInfo;
  siteUrl = `http://localhost:${port}`;
  const vars = { ISSUER_URL: GATE, GATEWAY_URL: GATE, DEMO_ORIGIN_URL: siteUrl };
  const code = await bundle(at("../../src/worker.ts"), at("configs/cors_pages.ts"));
  miniflare = new Miniflare({
    host: "127.0.0.1",
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume();
      stderr.resume();
    },
    workers: [workerOptions(code, { name: "gate", vars, secrets: newSecrets() })],
  });
  const gatePort = (await miniflare.unsafeGetDirectURL("gate")).port;
  browser = await openBrowser([`--host-resolver-rules=MAP localhost:8787 127.0.0.1:${gatePort}`]);
});

afterAll(async () => {
  await browser?.close();
  await miniflare?.dispose();
  site?.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
});

/** Opens the site's page under `origin`, in a browser without a past. */
async function openPage(origin: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${origin}/page`);
  calls.length = 0;
  return page;
}

/** What a script says of a call, beside its URL. */
interface ScriptInit {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly credentials?: "include";
}

/** What a script of `page` gets from `path` at the gate: its status, its JSON and some of its headers; or the name of its error. */
function fetchFrom(page: Page, path: string, init: ScriptInit = {}) {
  return page.evaluate(
    async ([url, options]) => {
      try {
        const response = await fetch(url, options);
        const body: Record<string, unknown> = await response.json();
        const id = response.headers.get("x-request-id");
        return { status: response.status, body, hasId: id !== null, etag: response.headers.get("etag") };
      } catch (error) {
        return { error: error instanceof Error ? error.name : "unknown" };
      }
    },
    [`${GATE}${path}`, init] as const,
  );
}

describe("Fetch 3.3: what Chromium lets pages of other origins read", () => {
  it("a listed origin reads answers, and why it was refused, behind a preflight too", async () => {
    const page = await openPage(siteUrl);
    expect(await fetchFrom(page, "/open")).toMatchObject({ status: 200, hasId: true });
    const refused = await fetchFrom(page, "/orders", { headers: { authorization: "Bearer stale" } });
    expect(refused).toMatchObject({ status: 401, body: { code: "invalid_token" }, hasId: true });
    expect(await fetchFrom(page, "/nowhere")).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await fetchFrom(page, "/open", { method: "POST" })).toMatchObject({ status: 405 });
    expect(calls).toEqual(["GET /open -"]);
  });

  it("another origin reads nothing, refusals neither, though the origin behind the gate says that anybody may", async () => {
    const page = await openPage(siteUrl.replace("localhost", "127.0.0.1"));
    for (const path of ["/open", "/orders", "/nowhere", "/basket"]) {
      expect(await fetchFrom(page, path), path).toEqual({ error: "TypeError" });
    }
    expect(await fetchFrom(page, "/basket", { method: "PUT" })).toEqual({ error: "TypeError" });
    expect(
      calls.filter((call) => call.startsWith("PUT")),
      "its preflight was not granted",
    ).toEqual([]);
  });

  it("cookies go along where the route says so: those that it lists", async () => {
    const page = await openPage(siteUrl);
    const withCookies = { credentials: "include" } as const;
    const put = { ...withCookies, method: "PUT", headers: { "idempotency-key": "1" } };
    expect(await fetchFrom(page, "/basket", put)).toMatchObject({ status: 200, body: { cookie: null } });
    expect(await fetchFrom(page, "/basket", withCookies)).toMatchObject({
      status: 200,
      body: { cookie: "basket=full" },
    });
    // A route that lists none: the browser keeps the answer to a call with cookies, and the origin got none of them.
    expect(await fetchFrom(page, "/open", withCookies)).toEqual({ error: "TypeError" });
    expect(calls).toEqual(["PUT /basket -", "GET /basket basket=full", "GET /open -"]);
    const held = (await page.context().cookies(GATE)).map(({ name }) => name);
    expect(held).not.toContain("sallyport_session");
  });

  it("a header and a method that the route does not let through stop at the preflight", async () => {
    const page = await openPage(siteUrl);
    expect(await fetchFrom(page, "/basket", { headers: { "x-other": "1" } })).toEqual({ error: "TypeError" });
    expect(await fetchFrom(page, "/basket", { method: "DELETE" })).toEqual({ error: "TypeError" });
    expect(calls).toEqual([]);
  });
});
