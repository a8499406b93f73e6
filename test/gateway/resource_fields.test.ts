import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { type InstallationWishes, install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { schemaOf } from "../support/relation_graph.ts";
import { NOTE_FIELDS, NOTE_RELATIONS, resourceFieldConfig } from "../support/resource_field_config.ts";

const logs = captureLogs();
const network = stubNetwork();
let admin: AdminCaller;
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller({ relationSchema: schemaOf(NOTE_RELATIONS) });
  await admin.call("POST", "/roles", { id: "payroll", permissions: ["person:read_salary", "person:set_salary"] });
  ring = await ringKey();
});
beforeEach(async () => {
  await stores.db.exec("DELETE FROM relation_tuples");
});

async function write(object: string, relation: string, subject: string): Promise<void> {
  const told = await admin.call("POST", "/relations", { writes: [{ object, relation, subject: `client:${subject}` }] });
  expect(told.status, told.text).toBe(200);
}

type Call = {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer?: unknown;
  readonly respond?: () => Response;
  readonly who?: string;
  readonly roles?: readonly string[];
  readonly scope?: string;
  readonly config?: ConfigInput;
  readonly wishes?: InstallationWishes;
};

const note = (id: string, more: object = {}) => ({
  id,
  title: "t",
  draft: `of ${id}`,
  pay: 5,
  reviews: [{ text: "x", score: 1 }],
  meta: { tags: ["a"], owner: "me" },
  internal: 1,
  ...more,
});
const SEEN = { id: "1", title: "t", reviews: [{ text: "x" }], meta: { tags: ["a"] } };

/** Calls as `who`; what the origin got of it is remembered. */
async function call(path: string, sent: Call = {}) {
  const { method = "GET", body, headers = {}, who = "ann", roles = [], scope = "orders:read", wishes = {} } = sent;
  const received: string[] = [];
  network.origin(async (request) => {
    received.push(await request.text());
    const standard = Response.json(sent.answer ?? note("1"), { headers: { etag: '"whole"' } });
    return sent.respond?.() ?? standard;
  });
  const caller = bearer(await token(ring, { sub: who, client_id: who, roles, scope }));
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method, headers: { ...caller, ...type, ...headers }, ...(body === undefined ? {} : { body: text }) };
  const config = sent.config ?? resourceFieldConfig();
  const response = await install({ ...wishes, config }).fetch(path, init);
  return { response, received };
}

const json = async (called: ReturnType<typeof call>) => (await called).response.json();

async function refusal(called: ReturnType<typeof call>): Promise<unknown> {
  const { response, received } = await called;
  expect(received).toEqual([]);
  const { code, errors } = await problemOf(response);
  const places = (errors as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer);
  return places === undefined ? `${response.status} ${code}` : [`${response.status} ${code}`, ...places];
}

describe("what a policy shows of a resource, without a document", () => {
  it("to each what is theirs, by role, permission, scope and relation; what nothing is said of to nobody", async () => {
    expect(await json(call("/notes/1"))).toEqual(SEEN);
    expect(await json(call("/notes/1", { roles: ["auditor"] }))).toEqual({ ...SEEN, draft: "of 1" });
    expect(await json(call("/notes/1", { roles: ["hr"] }))).toEqual({ ...SEEN, reviews: note("1").reviews });
    expect(await json(call("/notes/1", { roles: ["payroll"] }))).toEqual({ ...SEEN, pay: 5 });
    await write("note:1", "owner", "ann");
    expect(await json(call("/notes/1"))).toEqual({ ...SEEN, draft: "of 1" });
    expect(await json(call("/note?id=1"))).toEqual({ ...SEEN, draft: "of 1" });
    expect(await json(call("/notes/2"))).toEqual(SEEN);
    expect(await json(call("/notes/1", { who: "eve" }))).toEqual(SEEN);
  });

  it("each item of a list by the caller's relations to itself, in an array and in an envelope", async () => {
    await write("note:2", "viewer", "ann");
    const answer = [note("1"), note("2"), note("3", { id: 2 })];
    const seen = [SEEN, { ...SEEN, id: "2", draft: "of 2" }, { ...SEEN, id: 2, draft: "of 3" }];
    expect(await json(call("/notes", { answer }))).toEqual(seen);
    const page = { data: { items: answer, total: 3, secret: 1 }, next: "n", debug: note("1") };
    expect(await json(call("/paged-notes", { answer: page }))).toEqual({ data: { items: seen, total: 3 }, next: "n" });
  });

  it("what is made is its maker's by its own id, where the store says so", async () => {
    await write("note:9", "owner", "ann");
    const made = { method: "POST", body: { title: "t" } };
    expect(await json(call("/notes", { ...made, answer: note("9") }))).toEqual({ ...SEEN, id: "9", draft: "of 9" });
    expect(await json(call("/notes", { ...made, answer: note("8") }))).toEqual({ ...SEEN, id: "8" });
  });

  it.each<[string, unknown]>([
    ["a list in the place of the resource", [note("1")]],
    ["an object in the place of a list of parts", note("1", { reviews: { 0: { score: 1 } } })],
    ["a list in the place of an object", note("1", { meta: [{ owner: "me" }] })],
    ["a text in the place of an object", note("1", { meta: "me" })],
    ["a text alone", "of 1"],
  ])("%s is withheld: its rules are for something else", async (_, answer) => {
    expect((await call("/notes/1", { answer })).response.status).toBe(502);
  });

  it("names are taken as servers may take them: case, escapes, numbers, `__proto__`", async () => {
    const respond = (text: string) => ({
      respond: () => new Response(text, { headers: { "content-type": "application/json" } }),
    });
    const odd =
      '{"\\u0064raft":"s","DRAFT":"s","ｄraft":"s","__proto__":{"draft":"s"},"constructor":1,"0":"s","":"s","title":"t"}';
    expect(await json(call("/notes/1", respond(odd)))).toEqual({ title: "t" });
    const open = resourceFieldConfig({ ...NOTE_FIELDS, unlisted: { read: "anyone" } });
    const left = await (await call("/notes/1", { ...respond(odd), config: open })).response.text();
    expect(left).toBe('{"0":"s","__proto__":{"draft":"s"},"constructor":1,"":"s","title":"t"}');
    expect((await call("/notes/1", respond('{"title":"a","title":"b"}'))).response.status).toBe(502);
  });

  it.each<[string, () => Response]>([
    ["another type", () => new Response("draft: s", { headers: { "content-type": "application/yaml" } })],
    ["no type", () => new Response(new TextEncoder().encode("s"))],
    ["a stream of events", () => new Response("data: s\n\n", { headers: { "content-type": "text/event-stream" } })],
    ["JSON in lines", () => new Response('{"draft":"s"}\n{}', { headers: { "content-type": "application/x-ndjson" } })],
    ["a part", () => new Response('{"draft"', { status: 206, headers: { "content-type": "application/json" } })],
    [
      "a coding that stays",
      () => new Response("x", { headers: { "content-type": "application/json", "content-encoding": "zstd" } }),
    ],
    ["more than is held", () => Response.json({ title: "x".repeat(1024 * 1024) })],
    ["too deep", () => Response.json({ title: JSON.parse("[".repeat(40) + "]".repeat(40)) })],
  ])("a response in %s is withheld", async (_, respond) => {
    const { response } = await call("/notes/1", { respond });
    expect([response.status, (await problemOf(response)).code]).toEqual([502, "response_invalid"]);
  });

  it("a type that is JSON by its suffix is looked into", async () => {
    const respond = () => Response.json(note("1"), { headers: { "content-type": "application/vnd.api+json" } });
    expect(await json(call("/notes/1", { respond }))).toEqual(SEEN);
    // Codings that the platform takes off by itself are all that is asked for.
    expect(network.originCalls.at(-1)?.headers.get("accept-encoding")).toBe("gzip");
  });

  it("a refusal of the origin says what kind it is, and nothing of the resource", async () => {
    const problem = { type: "about:blank", title: "No", status: 409, detail: "pay is 5", draft: "s" };
    const respond = () =>
      Response.json(problem, { status: 409, headers: { "content-type": "application/problem+json" } });
    const { response } = await call("/notes/1", { respond });
    expect([response.status, await response.json()]).toEqual([409, { type: "about:blank", title: "No", status: 409 }]);
    const html = await call("/notes/1", {
      respond: () => new Response("<p>s", { status: 404, headers: { "content-type": "text/html" } }),
    });
    expect([html.response.status, await html.response.text()]).toEqual([404, ""]);
  });

  it("HEAD and what has no body tell neither length nor validator, and who sees a part makes no guesses", async () => {
    const head = await call("/notes/1", { method: "HEAD" });
    expect([head.response.headers.get("etag"), head.response.headers.get("content-length")]).toEqual([null, null]);
    const asked = await call("/notes/1", { headers: { "if-none-match": '"whole"', range: "bytes=0-1" } });
    expect(asked.response.headers.get("etag")).toBeNull();
    const sent = network.originCalls.at(-1)?.headers;
    expect([sent?.get("if-none-match"), sent?.get("range")]).toEqual([null, null]);
    const change = { method: "PATCH", body: { title: "u" }, headers: { "if-match": '"guess"' } };
    expect(await refusal(call("/notes/1", change))).toBe("412 precondition_failed");
    const none = await call("/notes/1", {
      respond: () => new Response(null, { status: 304, headers: { etag: '"whole"' } }),
    });
    expect([none.response.status, none.response.headers.get("etag")]).toEqual([304, null]);
  });

  it("a route that says that it has none of the resource's properties passes them as they are", async () => {
    const { response } = await call("/notes/1/approve", {
      method: "POST",
      body: "a=1",
      headers: { "content-type": "text/plain" },
    });
    expect(await response.json()).toEqual(note("1"));
    expect(response.headers.get("etag")).toBe('"whole"');
  });
});

describe("what a policy lets be written of a resource", () => {
  const patch = (body: unknown, more: Call = {}) => call("/notes/1", { method: "PATCH", body, ...more });

  it("what is not the caller's is refused with its place, before the origin hears of it", async () => {
    expect(await refusal(patch({ title: "u", draft: "d", pay: 1 }))).toEqual([
      "403 field_not_writable",
      "/draft",
      "/pay",
    ]);
    expect(await refusal(patch({ meta: { tags: [] } }))).toEqual(["403 field_not_writable", "/meta/tags"]);
    await write("note:1", "owner", "ann");
    expect((await patch({ draft: "d" })).received).toEqual(['{"draft":"d"}']);
    expect((await patch({ meta: { tags: [] } }, { scope: "orders:write" })).received).toHaveLength(1);
    expect(await refusal(patch({ draft: "d" }, { who: "bob" }))).toEqual(["403 field_not_writable", "/draft"]);
    // What is made is nobody's yet.
    expect(await refusal(call("/notes", { method: "POST", body: { draft: "d" } }))).toEqual([
      "403 field_not_writable",
      "/draft",
    ]);
  });

  it("what nobody may write is refused, listed or not", async () => {
    expect(await refusal(patch({ id: "2" }))).toEqual(["400 request_invalid", "/id"]);
    expect(await refusal(patch({ internal: 2, meta: { owner: "eve" } }))).toEqual([
      "400 request_invalid",
      "/internal",
      "/meta/owner",
    ]);
  });

  it.each<[string, string]>([
    ["twice", '{"title":"a","draft":"d","\\u0064raft":"e"}'],
    ["by case", '{"DRAFT":"d"}'],
    ["by compatibility letters", '{"ｄraft":"d"}'],
    ["by an escape", '{"\\u0064raft":"d"}'],
    ["as null", '{"draft":null}'],
    ["by a prototype", '{"__proto__":{"draft":"d"}}'],
    ["as a list of resources", '[{"draft":"d"}]'],
    ["in an item by its number", '{"reviews":{"0":{"score":5}}}'],
    ["in a list in the place of an object", '{"meta":[{"tags":[]}]}'],
    ["with what it is in", '{"meta":null}'],
    ["with a whole list", '{"reviews":[]}'],
    ["as a text", '"draft"'],
    ["as nothing", "null"],
  ])("a field of others is not written %s", async (_, body) => {
    const { response, received } = await patch(body);
    expect([400, 403]).toContain(response.status);
    expect(received).toEqual([]);
  });

  it.each([
    ["application/json-patch+json", '[{"op":"replace","path":"/draft","value":"d"}]'],
    ["application/x-www-form-urlencoded", "draft=d"],
    ["multipart/form-data; boundary=b", '--b\r\ncontent-disposition: form-data; name="draft"\r\n\r\nd\r\n--b--'],
    ["text/plain", '{"draft":"d"}'],
    ["application/vnd.api+json", '{"draft":"d"}'],
    ["application/json; charset=utf-16", '{"draft":"d"}'],
    ["application/json, text/plain", '{"draft":"d"}'],
  ])("a body of the type %s is refused: nobody would look into it", async (type, body) => {
    expect(await refusal(patch(body, { headers: { "content-type": type } }))).toBe("415 unsupported_media_type");
  });

  it("a body in a coding is refused, a merge patch is a patch, and no other method takes it", async () => {
    const zipped = { "content-type": "application/json", "content-encoding": "gzip" };
    expect(await refusal(patch('{"draft":"d"}', { headers: zipped }))).toBe("415 unsupported_media_type");
    const merge = { "content-type": "application/merge-patch+json" };
    expect((await patch({ title: "u" }, { headers: merge })).received).toEqual(['{"title":"u"}']);
    expect(await refusal(patch({ draft: null }, { headers: merge }))).toEqual(["403 field_not_writable", "/draft"]);
    const made = { method: "POST", body: { title: "u" }, headers: merge };
    expect(await refusal(call("/notes", made))).toBe("415 unsupported_media_type");
  });

  it("a PUT replaces the whole: only who may write all of it may, and not without a body", async () => {
    const put = { method: "PUT", body: { title: "u" } };
    expect(await refusal(call("/notes/1", put))).toEqual(["403 field_not_writable", ""]);
    await write("note:1", "owner", "ann");
    const all = { ...put, roles: ["hr", "payroll"], scope: "orders:write" };
    expect((await call("/notes/1", all)).received).toEqual(['{"title":"u"}']);
    expect(await refusal(call("/notes/1", { ...all, body: "" }))).toEqual(["400 request_invalid", ""]);
    const kept = resourceFieldConfig({ ...NOTE_FIELDS, leftOut: "kept" });
    expect((await call("/notes/1", { ...put, who: "eve", config: kept })).received).toHaveLength(1);
  });

  it("where the policy drops, the rest goes on to the letter, and what cannot be dropped is refused", async () => {
    const drops = { config: resourceFieldConfig({ ...NOTE_FIELDS, onForbidden: "drop" }) };
    const body = '{ "id":"2", "title" : "\\u0065ve", "draft":"d", "internal":1, "meta":{"tags":[1]} }';
    expect((await patch(body, drops)).received).toEqual(['{ "title" : "\\u0065ve", "meta":{} }']);
    expect(logs.events("request_fields_dropped").at(-1)).toMatchObject({
      faults: expect.arrayContaining(["body /draft x-sallyport-writable-by", "body /* x-sallyport-writable-by"]),
    });
    expect(await refusal(patch({ reviews: [{ score: 1 }] }, drops))).toEqual(["403 field_not_writable", "/reviews"]);
    const sealed = { ...drops, headers: { "content-digest": "sha-256=:x=:" } };
    expect(await refusal(patch({ draft: "d" }, sealed))).toEqual(["403 field_not_writable", "/draft"]);
  });
});

describe("resources that the body names", () => {
  it("give what relations to them give, once the body is read", async () => {
    await write("note:1", "owner", "ann");
    const patch = (body: unknown, more: Call = {}) => call("/note", { method: "PATCH", body, ...more });
    const { response, received } = await patch({ id: "1", draft: "d" });
    expect(received).toEqual(['{"id":"1","draft":"d"}']);
    expect(await response.json()).toEqual({ ...SEEN, draft: "of 1" });
    expect(await refusal(patch({ id: "2", draft: "d" }))).toEqual(["403 field_not_writable", "/draft"]);
    expect(await refusal(patch({ id: "1", draft: "d" }, { who: "eve" }))).toEqual(["403 field_not_writable", "/draft"]);
    expect(await refusal(patch({ draft: "d" }))).toBe("400 resource_unclear");
    expect(await refusal(patch({ id: "1", ID: "2", draft: "d" }))).toBe("400 resource_unclear");
    expect(await refusal(patch('{"id":"2","id":"1","draft":"d"}'))).toEqual(["400 request_invalid", ""]);
    expect(await refusal(patch({ id: 1, draft: "d" }))).toBe("400 resource_unclear");
  });

  it("have to be those that the path names", async () => {
    await write("note:1", "owner", "ann");
    const patch = (id: string) => call("/agreed/1", { method: "PATCH", body: { id, draft: "d" } });
    expect((await patch("1")).received).toHaveLength(1);
    expect(await refusal(patch("2"))).toBe("400 resource_unclear");
  });

  it("a batch gives what the caller has to each of them; each item is answered by its own", async () => {
    await write("note:1", "owner", "ann");
    await write("note:2", "owner", "ann");
    const batch = (ids: readonly string[], more: Call = {}) => {
      const notes = ids.map((id) => ({ id, draft: "d" }));
      return call("/batch", {
        method: "PATCH",
        body: { notes, dryRun: true },
        answer: [note("1"), note("3")],
        ...more,
      });
    };
    const { response, received } = await batch(["1", "2"]);
    expect(received).toHaveLength(1);
    expect(await response.json()).toEqual([
      { ...SEEN, draft: "of 1" },
      { ...SEEN, id: "3" },
    ]);
    const places = ["403 field_not_writable", "/notes/0/draft", "/notes/1/draft"];
    expect(await refusal(batch(["1", "3"]))).toEqual(places);
    expect(await refusal(batch([]))).toBe("400 resource_unclear");
    const beside = { notes: [{ id: "1", title: "u" }], all: true };
    expect(await refusal(call("/batch", { method: "PATCH", body: beside }))).toEqual(["400 request_invalid", "/all"]);
    const lost = { notes: [{ id: "1", reviews: [] }] };
    expect(await refusal(call("/batch", { method: "PATCH", body: lost }))).toEqual([
      "403 field_not_writable",
      "/notes/0/reviews",
    ]);
    const put = { notes: [{ id: "1", title: "u" }] };
    expect(await refusal(call("/batch", { method: "PUT", body: put }))).toEqual(["403 field_not_writable", "/notes/0"]);
    const naked = { method: "PATCH", body: [{ id: "1", draft: "d" }] };
    expect(await refusal(call("/batch", naked))).toBe("400 resource_unclear");
  });

  it("a body that names more than are decided on is refused", async () => {
    const notes = Array.from({ length: 101 }, (_, at) => ({ id: String(at), draft: "d" }));
    expect(await refusal(call("/batch", { method: "PATCH", body: { notes } }))).toBe("400 resource_unclear");
  });

  it("what relations cannot tell is refused before the origin hears of it", async () => {
    const reader = (real: IssuerReader): IssuerReader => ({
      ...real,
      checkRelations: () => Promise.reject(new Outage("relations")),
    });
    const { response, received } = await call("/note", {
      method: "PATCH",
      body: { id: "1", draft: "d" },
      wishes: { reader },
    });
    expect([response.status, received]).toEqual([503, []]);
  });
});
