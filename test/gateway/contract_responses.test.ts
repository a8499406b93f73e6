import { beforeAll, describe, expect, it } from "vitest";
import { contractConfig, ITEMS } from "../support/contract_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
const READ = { scope: "orders:read" };
const WRITE = { scope: "orders:write" };
/** Stands where the viewer must not see it. */
const HIDDEN = secret("do-not-show-this");
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

type Sent = { readonly claims?: Readonly<Record<string, unknown>>; readonly method?: string };

/** What a caller gets of `answer`. */
async function get(
  path: string,
  answer: () => Response,
  { claims = READ, method = "GET" }: Sent = {},
): Promise<Response> {
  network.origin(answer);
  const gate = install({ config: contractConfig() });
  return gate.fetch(path, {
    method,
    headers: { ...bearer(await token(ring, claims)), "accept-encoding": "zstd", range: "bytes=0-9" },
  });
}

const json =
  (text: unknown, init: ResponseInit = {}) =>
  () =>
    new Response(typeof text === "string" ? text : JSON.stringify(text), {
      ...init,
      headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(init.headers)) },
    });

describe("what is shown", () => {
  const whole = { id: "1", name: "hinge", cost: 4, owner: { id: "u", ssn: HIDDEN }, password: HIDDEN, debug: HIDDEN };

  it("a property is there for callers with one of its scopes, at any depth and in lists", async () => {
    const nested = { items: [{ ...whole, parent: whole }] };
    const seen = { id: "1", name: "hinge", owner: { id: "u" } };
    const reader = await get("/items", json(nested));
    expect(await reader.json()).toEqual({ items: [{ ...seen, parent: seen }] });
    const more = { ...seen, cost: 4, owner: { id: "u", ssn: HIDDEN } };
    const writer = await get("/items", json(nested), { claims: WRITE });
    expect(await writer.json()).toEqual({ items: [{ ...more, parent: more }] });
    const both = await get("/items", json(nested), { claims: { scope: "orders:read orders:write" } });
    expect(await both.json()).toEqual({ items: [{ ...more, parent: more }] });
  });

  it("what is not declared, or only to be written, nobody sees", async () => {
    const text = await (await get("/items/1", json(whole), { claims: WRITE })).text();
    expect(JSON.parse(text)).toEqual({ id: "1", name: "hinge", cost: 4, owner: { id: "u", ssn: HIDDEN } });
    const spelled = { id: "1", name: "a", Cost: HIDDEN, COST: HIDDEN, Owner: { ssn: HIDDEN }, constructor: HIDDEN };
    expect(await (await get("/items/1", json(spelled))).json()).toEqual({ id: "1", name: "a" });
    const proto = `{"id":"1","name":"a","__proto__":{"cost":"${HIDDEN}"},"constructor":"${HIDDEN}"}`;
    expect(await (await get("/items/1", json(proto))).text()).toBe('{"id":"1","name":"a"}');
  });

  it("numbers that no double holds come out as they went in", async () => {
    const text = '{"id":"1","name":"a","owner":{"id":"u","ssn":"x"},"cost":9007199254740993}';
    expect(await (await get("/items/1", json(text), { claims: WRITE })).text()).toBe(text);
    const withMore = text.replace("{", `{"debug":"${HIDDEN}",`);
    expect(await (await get("/items/1", json(withMore), { claims: WRITE })).text()).toBe(text);
  });

  it("an unchanged body keeps its bytes and its validators; a changed one loses what was said of the other", async () => {
    const headers = { etag: '"1"', digest: "sha-256=x", "content-length": "25" };
    const text = '{"id": "1", "name" : "a"}';
    const same = await get("/items/1", json(text, { headers }), { claims: WRITE });
    expect(await same.text()).toBe(text);
    expect(same.headers.get("etag")).toBe('"1"');
    // Who does not see everything cannot tell by blanks or validators whether there was more.
    const partial = await get("/items/1", json(text, { headers }));
    expect(await partial.text()).toBe('{"id":"1","name":"a"}');
    for (const name of ["etag", "digest"]) expect(partial.headers.get(name), name).toBeNull();
    const fields = { ...headers, "content-length": "64", "last-modified": "Mon, 01 Jun 2026 00:00:00 GMT" };
    const changed = await get("/items/1", json({ ...whole }, { headers: fields }));
    expect(await changed.text()).toBe('{"id":"1","name":"hinge","owner":{"id":"u"}}');
    for (const name of ["etag", "digest", "last-modified"]) expect(changed.headers.get(name), name).toBeNull();
    expect(changed.headers.get("content-length") ?? "44").toBe("44");
  });

  it("HEAD tells no length of what GET would hide", async () => {
    const head = await get(
      "/items/1",
      () => new Response(null, { headers: { "content-length": "900", etag: '"x"' } }),
      { method: "HEAD" },
    );
    expect(head.status).toBe(200);
    expect([head.headers.get("content-length"), head.headers.get("etag")]).toEqual([null, null]);
  });

  it("what a change answers says nothing of what a read would hide", async () => {
    const fields = { etag: '"hash-of-the-whole"', "last-modified": "Mon, 01 Jun 2026 00:00:00 GMT", vary: "accept" };
    const gone = await get("/items/1", () => new Response(null, { status: 204, headers: fields }), {
      method: "DELETE",
    });
    const told = ["etag", "last-modified", "vary"].map((name) => gone.headers.get(name));
    expect([gone.status, ...told]).toEqual([204, null, null, "accept"]);
  });

  it("what has no body tells nothing of the whole either, and the origin is not asked to compare it", async () => {
    const fields = { etag: '"hash-of-the-whole"', "last-modified": "Mon, 01 Jun 2026 00:00:00 GMT" };
    for (const status of [304, 412]) {
      const answer = await get("/items/1", () => new Response(null, { status, headers: fields }));
      expect(answer.status).toBe(status);
      expect([answer.headers.get("etag"), answer.headers.get("last-modified")]).toEqual([null, null]);
    }
    const conditions = { "if-none-match": "*", "if-match": '"guess"', "if-modified-since": fields["last-modified"] };
    network.origin(json({ id: "1", name: "a" }));
    const gate = install({ config: contractConfig() });
    const sent = async (method: string, claims = READ) => ({
      method,
      headers: { ...bearer(await token(ring, claims)), ...conditions },
    });
    await gate.fetch("/items/1", await sent("GET"));
    for (const name of Object.keys(conditions)) expect(network.originCalls.at(-1)?.headers.get(name), name).toBeNull();
    await gate.fetch("/items/1", await sent("DELETE", WRITE));
    expect(network.originCalls.at(-1)?.headers.get("if-match")).toBe('"guess"');
  });

  it("RFC 9110 13.1: a change under a guess at the whole is not tried, for who does not see the whole", async () => {
    const gate = install({ config: contractConfig() });
    const change = async (headers: Readonly<Record<string, string>>, claims = READ) =>
      gate.fetch("/items/1", { method: "DELETE", headers: { ...bearer(await token(ring, claims)), ...headers } });
    network.origin(() => new Response(null, { status: 204, headers: { etag: '"of-the-whole"' } }));
    for (const headers of [
      { "if-match": '"guess"' },
      { "if-match": '"a", *' },
      { "if-none-match": 'W/"guess"' },
      { "if-unmodified-since": "Mon, 01 Jun 2026 00:00:00 GMT" },
    ]) {
      const refused = await change(headers);
      expect(refused.status).toBe(412);
      expect(await problemOf(refused)).toMatchObject({ code: "precondition_failed" });
    }
    expect(network.originCalls).toHaveLength(0);
    expect(logs.lastDecision).toMatchObject({ reason: "precondition_failed", status: 412 });
    // Whether there is any at all may be asked; the answer says nothing of the whole, which GET would not show.
    const passed = await change({ "if-match": "*" });
    expect([passed.status, passed.headers.get("etag")]).toEqual([204, null]);
    const whole = await change({ "if-match": '"x"' }, WRITE);
    expect(whole.status).toBe(204);
  });

  it("the origin is asked for the whole, in a coding that can be read", async () => {
    await get("/items/1", json({ id: "1", name: "a" }));
    expect(network.originCalls[0]?.headers.get("range")).toBeNull();
    expect(network.originCalls[0]?.headers.get("accept-encoding")).toBe("gzip");
  });
});

describe("what is held back", () => {
  const refused: readonly (readonly [string, () => Response])[] = [
    ["a value of another type", json({ id: "1", name: 5, cost: HIDDEN })],
    ["a missing property", json({ id: "1" })],
    ["no JSON", json(`{"name":"${HIDDEN}"`)],
    ["a name twice", json('{"id":"1","name":"a","name":"b"}')],
    ["more than may be looked into", json({ id: "1", name: "a", owner: { id: HIDDEN.repeat(400) } })],
    [
      "another type than any that is declared",
      () => new Response(HIDDEN, { headers: { "content-type": "text/html" } }),
    ],
    ["no type", () => new Response(new TextEncoder().encode(HIDDEN))],
    ["a part of it", json({ id: "1", name: "a" }, { status: 206 })],
    ["a coding that stays", json({ id: "1", name: "a" }, { headers: { "content-encoding": "zstd" } })],
    ["a body that is not there", () => new Response(null, { headers: { "content-type": "application/json" } })],
    ["a success that is not declared", json({ secret: HIDDEN }, { status: 202 })],
  ];

  it.each(refused)("%s: 502, and nothing of it", async (_, answer) => {
    const response = await get("/items/1", answer);
    expect(response.status).toBe(502);
    expect(await response.clone().text()).not.toContain(HIDDEN);
    expect(await problemOf(response)).toMatchObject({ code: "response_invalid" });
    expect(logs.events("response_misfit")).toHaveLength(1);
    expect(logs.lastDecision).toMatchObject({ reason: "response_invalid", status: 502 });
  });

  it("a part is no whole, also where any success is declared", async () => {
    const content = { "application/json": { schema: { $ref: "#/components/schemas/Item" } } };
    const paths = { "/items": { get: { responses: { "2XX": { description: "", content } } } } };
    const base = contractConfig({ ...ITEMS, paths });
    const route = { path: "/items", methods: ["GET" as const], origin: "main", openapi: { document: "items" } };
    const routes = [...base.routes.filter((one) => one.openapi === undefined), route];
    const gate = install({ config: { ...base, routes } });
    const headers = bearer(await token(ring));
    const answered = async (status: number) => {
      network.origin(json({ id: "1", name: "hinge" }, { status }));
      const response = await gate.fetch("/items", { headers });
      return [response.status, (await response.text()).includes("hinge")];
    };
    expect(await answered(206)).toEqual([502, false]);
    expect(await answered(203), "positive control").toEqual([203, true]);
  });

  it("a refusal of the origin that is not declared goes on without its body", async () => {
    const response = await get("/items", json({ secret: HIDDEN }, { status: 404, headers: { etag: '"1"' } }));
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("");
    const declared = await get("/items/1", () =>
      Response.json(
        { title: "gone", debug: HIDDEN },
        { status: 410, headers: { "content-type": "application/problem+json" } },
      ),
    );
    expect([declared.status, await declared.json()]).toEqual([410, { title: "gone" }]);
  });

  it("a body that never ends is given up when the origin's time is over", async () => {
    const drip = () =>
      new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array([0x7b])) }), {
        headers: { "content-type": "application/json" },
      });
    const response = await get("/items", drip);
    expect(response.status).toBe(504);
    expect(await problemOf(response)).toMatchObject({ code: "origin_timeout" });
  });

  it("a type that is declared without a schema streams, whatever its size", async () => {
    const big = "a,b\n".repeat(100_000);
    const response = await get("/items", () => new Response(big, { headers: { "content-type": "text/csv" } }));
    expect(await response.text()).toBe(big);
    expect((await get("/items/1", () => new Response(null, { status: 204 }), { method: "DELETE" })).status).toBe(204);
  });
});

describe("`responses: report`", () => {
  it("tells of what does not fit, and passes it without what is hidden", async () => {
    const odd = {
      items: [{ id: 7, extra: HIDDEN, cost: HIDDEN, Cost: HIDDEN, owner: [{ ssn: HIDDEN }], password: HIDDEN }],
    };
    const response = await get("/report/items", json(odd));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ items: [{ id: 7, owner: [] }] });
    expect(logs.events("response_misfit").at(-1)).toMatchObject({ route: "GET /report/items" });
  });

  it("what cannot be looked into is held back all the same, where something is hidden there", async () => {
    for (const answer of [
      json(`{"items":[{"cost":"${HIDDEN}"`),
      () => new Response(HIDDEN),
      json({ cost: HIDDEN }, { status: 202 }),
    ]) {
      const response = await get("/report/items", answer);
      expect(response.status).toBe(502);
      expect(await response.text()).not.toContain(HIDDEN);
    }
  });

  it("where nothing is hidden all of it passes, also what is too large to be looked into", async () => {
    network.origin(json({ n: "not a number", pad: "x".repeat(5_000) }));
    const schema = { type: "object", properties: { n: { type: "number" } } };
    const content = { "application/json": { schema } };
    const paths = { "/items": { get: { responses: { "200": { description: "", content } } } } };
    const base = contractConfig({ ...ITEMS, paths });
    const openapi = { document: "items", responses: "report", maxResponseBytes: 1_000 } as const;
    const route = { path: "/items", methods: ["GET" as const], origin: "main", public: true, openapi };
    const gate = install({
      config: { ...base, routes: [...base.routes.filter((one) => one.openapi === undefined), route] },
    });
    const response = await gate.fetch("/items");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ n: "not a number", pad: "x".repeat(5_000) });
    expect(logs.events("response_misfit")).toHaveLength(1);
  });
});
