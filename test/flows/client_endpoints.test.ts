import { createExecutionContext } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { issuerApp } from "../../src/issuer/app.ts";
import { databaseThat } from "../support/broken_database.ts";
import {
  migrate,
  openIsolate,
  type RegisteredClient,
  readWhole,
  registerClient,
  type Told,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, postForm } from "../support/token_requests.ts";

/* What no router stands before is what it was behind one: the same paths, and the same fields around every answer. */
const FOR_SCRIPTS = ["/oauth2/token", "/oauth2/revoke", "/oauth2/device_authorization"];
const ENDPOINTS = [...FOR_SCRIPTS, "/oauth2/introspect"];
const isolate = openIsolate();
const logs = captureLogs();
let client: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient();
});

function expectFields({ headers }: Told, path: string): void {
  expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(headers.get("access-control-allow-origin")).toBe(FOR_SCRIPTS.includes(path) ? "*" : null);
}

describe.each(ENDPOINTS)("%s", (path) => {
  it.each([
    ["an answer or a refusal of what was asked", () => postForm(isolate, path, {}, { authorization: basic(client) })],
    ["a refusal of the client", () => postForm(isolate, path, {}, { authorization: "Basic eDp5" })],
    ["a method that is not answered", () => isolate.fetch(path)],
    ["a method that browsers ask about, without a preflight", () => isolate.fetch(path, { method: "OPTIONS" })],
    ["a body that is too large", () => postForm(isolate, path, `a=${"x".repeat(70_000)}`)],
  ])("%s has every field that protects its reader, and its line in the log", async (_, ask) => {
    const told = await ask();
    expectFields(told, path);
    const lines = logs.lines.filter((line) => line.includes(told.headers.get("x-request-id") ?? "none"));
    expect(lines).toHaveLength(1);
  });

  it("an answer in an outage has them as well", async () => {
    const broken = openIsolate({ bindings: { DB: databaseThat(() => true) } });
    const told = await postForm(broken, path, { grant_type: "client_credentials" }, { authorization: basic(client) });
    expect(told.status).toBe(503);
    expectFields(told, path);
  });

  it("over TLS is said to stay there", async () => {
    const app = issuerApp(isolate.parts);
    const request = new Request(`https://issuer.example${path}`, { method: "POST" });
    const told = await readWhole(await app.fetch(request, {}, createExecutionContext()));
    expect(told.headers.get("strict-transport-security")).toContain("max-age=");
    expectFields(told, path);
  });

  it("in another spelling of its path is the same endpoint, and in another path is none", async () => {
    const spelled = path.replace("/oauth2/", "/oauth2/%").replace(/%(.)/, (_, letter) => `%${hex(letter)}`);
    expect((await isolate.fetch(spelled)).status).toBe(405);
    for (const other of [`${path}/`, `${path}/x`, path.toUpperCase()]) {
      expect((await isolate.fetch(other)).status, other).toBe(404);
    }
  });
});

it("what one answer alone has to say is said by no other, at the same time or later", async () => {
  const broken = openIsolate({ bindings: { DB: databaseThat(() => true) } });
  const ask = (of = isolate, authorization = basic(client)) =>
    postForm(of, "/oauth2/token", { grant_type: "client_credentials" }, { authorization });
  const [outage, refusal, method, given] = await Promise.all([
    ask(broken),
    ask(isolate, "Basic eDp5"),
    isolate.fetch("/oauth2/token"),
    ask(),
  ]);
  const said = ({ headers }: Told) => ["retry-after", "www-authenticate", "allow"].filter((name) => headers.has(name));
  expect(said(outage)).toEqual(["retry-after"]);
  expect(said(refusal)).toEqual(["www-authenticate"]);
  expect(said(method)).toEqual(["allow"]);
  expect([given.status, ...said(given), ...said(await ask())]).toEqual([200]);
});

describe("a preflight", () => {
  const asked = {
    method: "OPTIONS",
    headers: { "access-control-request-method": "POST", origin: "https://app.example" },
  };

  it.each(FOR_SCRIPTS)("of %s is answered, and reads nothing", async (path) => {
    const told = await isolate.fetch(path, asked);
    expect(told.status).toBe(204);
    expect(told.headers.get("access-control-allow-methods")).toBe("POST");
    expect(told.headers.has("access-control-allow-credentials")).toBe(false);
    expectFields(told, path);
  });

  it("of the introspection endpoint is not", async () => {
    expect((await isolate.fetch("/oauth2/introspect", asked)).status).toBe(405);
  });
});

function hex(letter: string): string {
  return letter.charCodeAt(0).toString(16);
}
