import { beforeAll, describe, expect, it } from "vitest";
import { contractConfig } from "../support/contract_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

type Sent = { readonly method?: string; readonly body?: BodyInit; readonly headers?: Readonly<Record<string, string>> };

/** Sends to the installation; what the origin got of it is remembered. */
async function send(path: string, { method = "GET", body, headers = {} }: Sent = {}) {
  const received: { url: string; body: string; length: string | null }[] = [];
  network.origin(async (request) => {
    const length = request.headers.get("content-length");
    received.push({ url: request.url, body: await request.text(), length });
    return request.method === "POST"
      ? Response.json({ id: "1", name: "made" }, { status: 201 })
      : Response.json({ id: "1", name: "there", items: [] });
  });
  const gate = install({ config: contractConfig() });
  const sent = { ...bearer(await token(ring)), ...headers };
  const response = await gate.fetch(path, { method, headers: sent, ...(body === undefined ? {} : { body }) });
  return { response, received };
}

const json = (body: string, type = "application/json"): Sent => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

async function errorsOf(response: Response): Promise<unknown> {
  expect(response.status).toBe(400);
  const problem = await problemOf(response);
  expect(problem).toMatchObject({ code: "request_invalid" });
  return problem.errors;
}

describe("parameters", () => {
  it.each([
    "/items",
    "/items?limit=50&tag=a&tag=b&state=open,done",
    "/items?filter[min]=3&filter%5Bname%5D=x",
    "/items?state=open%2Cdone".replace("%2C", ","),
  ])("%s goes on as it is", async (path) => {
    const { response, received } = await send(path);
    expect(response.status).toBe(200);
    expect(received.map(({ url }) => new URL(url).search)).toEqual([new URL(path, "http://x").search]);
  });

  it.each([
    ["?limit=51", "/limit", "must be at most 50"],
    ["?limit=5e0", "/limit", "must be of type integer"],
    ["?limit=+5", "/limit", "must be of type integer"],
    ["?limit=0x10", "/limit", "must be of type integer"],
    ["?limit=99999999999999999999999", "/limit", "must be at most 50"],
    ["?limit=1&limit=2", "/limit", "is there more than once"],
    ["?limit=1&limit%5B%5D=2", "/limit[]", "is another spelling of a known parameter"],
    ["?LIMIT=2", "/LIMIT", "is another spelling of a known parameter"],
    ["?tag=a&tag=b&tag=c", "/tag", "must have at most 2 items"],
    ["?state=open,lost", "/state/1", "is not one of the values that are allowed"],
    ["?state=open%2Cdone", "/state/0", "is not one of the values that are allowed"],
    ["?filter[min]=x", "/filter/min", "must be of type integer"],
    ["?filter[other]=1", "/filter/other", "is not allowed"],
    ["?filter[min][deep]=1", "/filter[min][deep]", "is another spelling of a known parameter"],
    ["?filter[min]=1&filter[min]=2", "/filter", "is there more than once"],
    ["?admin=true", "/admin", "is not a known parameter"],
    ["?limit=1;limit=900", "", "has several readings: encode `;`, and send valid UTF-8"],
    ["?tag=%ff", "", "has several readings: encode `;`, and send valid UTF-8"],
  ])("%s is refused with its place", async (search, pointer, detail) => {
    const { response, received } = await send(`/items${search}`);
    expect(await errorsOf(response)).toEqual([{ in: "query", pointer, detail }]);
    expect(received).toEqual([]);
  });

  it("all faults are told at once, the values of none, and the log has places and keywords alone", async () => {
    const value = secret("swordfish-swordfish");
    const { response } = await send(`/items?limit=${value}&${value}x=1`, { headers: { "x-trace": value } });
    const text = await response.clone().text();
    expect(text).not.toContain(`"${value}"`);
    expect(await errorsOf(response)).toEqual([
      { in: "query", pointer: "/limit", detail: "must be of type integer" },
      { in: "header", pointer: "/x-trace", detail: "must have at most 8 characters" },
      { in: "query", pointer: `/${value}x`, detail: "is not a known parameter" },
    ]);
    expect(logs.events("request_misfit").at(-1)).toMatchObject({
      faults: ["query /limit type", "header /x-trace maxLength", "query /* unknown"],
    });
    expect(logs.lastDecision).toMatchObject({ reason: "request_invalid", status: 400 });
  });

  it("a path's parameter is read where it stands, under the document's name", async () => {
    expect((await send("/items/12")).response.status).toBe(200);
    expect(await errorsOf((await send("/items/1001")).response)).toEqual([
      { in: "path", pointer: "/id", detail: "must be at most 1000" },
    ]);
    expect(await errorsOf((await send("/items/%31%30%30%30%30")).response)).toHaveLength(1);
    expect((await send("/items/1%2f2")).response.status).toBe(400);
  });

  it("`unknownQuery: pass` lets through what is no spelling of a known one", async () => {
    expect((await send("/report/items?utm=1")).response.status).toBe(200);
    expect((await send("/report/items?Limit=900")).response.status).toBe(400);
    expect((await send("/report/items?limit.x=900")).response.status).toBe(400);
  });

  it("HEAD is held to what GET is", async () => {
    expect((await send("/items?limit=51", { method: "HEAD" })).response.status).toBe(400);
  });
});

describe("bodies", () => {
  it("the origin gets the bytes that were judged, blanks and order included", async () => {
    const body = ' { "count" : 1e1,\n"name":"caf\\u0065" }\t';
    const { response, received } = await send("/items", json(body));
    expect(response.status).toBe(201);
    expect(received).toEqual([expect.objectContaining({ body })]);
  });

  it("a body without a stated length is judged as well", async () => {
    const chunks = ['{"na', 'me":"x","count"', ":0}"].map((text) => new TextEncoder().encode(text));
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = chunks.shift();
        return next === undefined ? controller.close() : controller.enqueue(next);
      },
    });
    const { response } = await send("/items", { ...json(""), body: stream });
    expect(await errorsOf(response)).toEqual([{ in: "body", pointer: "/count", detail: "must be at least 1" }]);
  });

  it.each([
    ['{"name":"x","name":"y"}', "", "has a member twice"],
    ['{"name":"x","na\\u006de":"y"}', "", "has a member twice"],
    ['{"name":"x"} {}', "", "is not JSON"],
    ['\ufeff{"name":"x"}', "", "is not JSON"],
    ["{'name':'x'}", "", "is not JSON"],
    ['{"name":"x",}', "", "is not JSON"],
    ['{"name":"x","count":NaN}', "", "is not JSON"],
    ['{"name":"x","count":01}', "", "is not JSON"],
    [`{"name":"x","extra":${"[".repeat(40)}${"]".repeat(40)}}`, "", "is nested too deeply"],
    ["[".repeat(60_000), "", "is nested too deeply"],
    ['{"name":"x","count":1e400}', "", "has a number with more digits than are kept"],
    ['{"name":"x","count":100.00000000000000000001}', "", "has a number with more digits than are kept"],
    [`{"name":"x","count":${"9".repeat(5_000)}}`, "", "has a number with more digits than are kept"],
    ['{"name":"x","count":9007199254740993}', "/count", "must be at most 100"],
    ['{"name":"\\ud800"}', "", "has a text that is not Unicode"],
    ['{"count":1}', "/name", "is missing"],
    ['{"name":"X"}', "/name", "does not match the pattern"],
    ['{"name":"x","Count":500}', "/Count", "is another spelling of a declared name"],
    ['{"name":"x","id":"mine"}', "/id", "may only be read"],
    ['{"name":"x","ID":"mine"}', "/ID", "is another spelling of a declared name"],
    [
      '{"name":"x","parent":{"name":"x","parent":{"name":""}}}',
      "/parent/parent/name",
      "must have at least 1 characters",
    ],
    ['{"__proto__":{"name":"x"}}', "/name", "is missing"],
    ['"text"', "", "must be of type object"],
  ])("%s is refused", async (body, pointer, detail) => {
    const { response, received } = await send("/items", json(body));
    const errors = await errorsOf(response);
    expect(errors).toContainEqual({ in: "body", pointer, detail });
    expect(received).toEqual([]);
  });

  it("bytes that are no UTF-8 are refused", async () => {
    const body = Uint8Array.from([...new TextEncoder().encode('{"name":"x'), 0xff, 0x22, 0x7d]);
    expect(await errorsOf((await send("/items", { ...json(""), body })).response)).toEqual([
      { in: "body", pointer: "", detail: "is not UTF-8" },
    ]);
  });

  it("of a giant list no more than twenty faults are told", async () => {
    const body = JSON.stringify({ name: "x", tags: Array.from({ length: 10_000 }, () => 1) });
    expect(await errorsOf((await send("/items", json(body))).response)).toHaveLength(20);
  });

  it.each([
    "text/plain",
    "application/json, text/plain",
    "application/json; charset=utf-16",
    "application/json; charset=utf-8; charset=utf-7",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "application/merge-patch+json",
  ])("a body as %s is 415", async (type) => {
    const { response, received } = await send("/items", json('{"name":"x"}', type));
    expect(response.status).toBe(415);
    expect(await problemOf(response)).toMatchObject({ code: "unsupported_media_type" });
    expect(received).toEqual([]);
  });

  it("a body without a type, or in a coding, is 415", async () => {
    const body = new TextEncoder().encode('{"name":"x"}');
    expect((await send("/items", { method: "POST", body })).response.status).toBe(415);
    const coded = {
      ...json('{"name":"x"}'),
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
    };
    expect((await send("/items", coded)).response.status).toBe(415);
  });

  it("a missing body, one where none is taken, and one that is too large", async () => {
    expect(await errorsOf((await send("/items", { method: "POST" })).response)).toEqual([
      { in: "body", pointer: "", detail: "is missing" },
    ]);
    expect(await errorsOf((await send("/items/1", { ...json("{}"), method: "DELETE" })).response)).toEqual([
      { in: "body", pointer: "", detail: "must not be there" },
    ]);
    const large = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(16_384)) });
    const { response } = await send("/items", { ...json(""), body: large });
    expect(response.status).toBe(413);
  });

  it("a form is read by the types of its fields, each once", async () => {
    const type = "application/x-www-form-urlencoded";
    expect((await send("/items", json("name=a+b&count=3", type))).response.status).toBe(201);
    expect(await errorsOf((await send("/items", json("name=a&count=x", type))).response)).toEqual([
      { in: "body", pointer: "/count", detail: "must be of type integer" },
    ]);
    expect(await errorsOf((await send("/items", json("name=a&name=b", type))).response)).toHaveLength(1);
    expect(await errorsOf((await send("/items", json("name=a&role=admin", type))).response)).toHaveLength(1);
    expect(await errorsOf((await send("/items", json("name=a&name[]=b", type))).response)).toEqual([
      { in: "body", pointer: "", detail: "has another spelling of a known field" },
    ]);
  });

  it("a type that the document passes unseen streams on", async () => {
    const { response, received } = await send("/items", json("\u0000anything", "application/octet-stream"));
    expect(response.status).toBe(201);
    expect(received).toEqual([expect.objectContaining({ body: "\u0000anything" })]);
  });
});

describe("the size of a page", () => {
  const pages = async (path: string) => {
    const { response, received } = await send(path);
    return { status: response.status, search: received.map(({ url }) => new URL(url).search) };
  };

  it("up to the maximum goes on as it is; more, twice, or otherwise spelled is refused", async () => {
    expect(await pages("/pages?limit=50&q=%20a+b")).toEqual({ status: 200, search: ["?limit=50&q=%20a+b"] });
    expect(await pages("/pages")).toEqual({ status: 200, search: [""] });
    for (const search of [
      "limit=51",
      "limit=1&limit=51",
      "limit[]=51",
      "LIMIT=51",
      "limit=-1",
      "limit=1e9",
      "limit=",
    ]) {
      expect(await pages(`/pages?${search}`), search).toEqual({ status: 400, search: [] });
    }
  });

  it("`clamp` lowers what the origin is asked for, and nothing else of the query", async () => {
    expect(await pages("/clamped?q=%20a&limit=900&r=1")).toEqual({ status: 200, search: ["?q=%20a&limit=50&r=1"] });
    expect(await pages("/clamped?%6cimit=900")).toEqual({ status: 200, search: ["?limit=50"] });
    expect(await pages("/clamped")).toEqual({ status: 200, search: ["?limit=20"] });
    expect(await pages("/clamped?q=1")).toEqual({ status: 200, search: ["?q=1&limit=20"] });
    expect((await pages("/clamped?limit=1&limit=900")).status).toBe(400);
  });
});
