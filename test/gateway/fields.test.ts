import { beforeAll, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { adminCaller, migrate } from "../support/admin_world.ts";
import { fieldConfig } from "../support/field_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { type InstallationWishes, install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
const HIDDEN = secret("do-not-show-this");
const WHOLE = { id: "1", name: "ada", email: "a@example.com", salary: 5, reviews: [{ text: "good", score: 5 }] };
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  const admin = await adminCaller();
  await admin.call("POST", "/roles", { id: "payroll", permissions: ["person:read_salary", "person:set_salary"] });
  ring = await ringKey();
});

/** Headers of somebody with `roles`, by a token of ours. */
const somebody = async (...roles: string[]) => bearer(await token(ring, { roles }));

type Sent = {
  method?: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  wishes?: InstallationWishes;
};

/** Calls as `caller`; what the origin got of it is remembered. */
async function send(path: string, caller: Readonly<Record<string, string>>, sent: Sent = {}) {
  const { method = "GET", body, headers = {}, wishes = {} } = sent;
  const received: string[] = [];
  network.origin(async (request) => {
    received.push(await request.text());
    return Response.json(WHOLE, { status: method === "POST" ? 201 : 200, headers: { etag: '"whole"' } });
  });
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const init = { method, headers: { ...type, ...caller, ...headers }, ...(body === undefined ? {} : { body: text }) };
  const response = await install({ ...wishes, config: fieldConfig() }).fetch(path, init);
  return { response, received };
}

async function placesOf({ response, received }: Awaited<ReturnType<typeof send>>): Promise<unknown> {
  expect(response.status).toBe(403);
  expect(received).toEqual([]);
  const text = await response.clone().text();
  // Nothing about who may.
  for (const word of ["hr", "set_salary", "payroll", "orders:write"]) expect(text).not.toContain(word);
  const problem = await problemOf(response);
  expect(problem.code).toBe("field_not_writable");
  expect(logs.lastDecision).toMatchObject({ reason: "field_not_writable", status: 403 });
  return (problem.errors as { pointer: string }[]).map(({ pointer }) => pointer);
}

describe("fields that are shown to some", () => {
  const plain = { id: "1", name: "ada", reviews: WHOLE.reviews };

  it("by role, by permission, by scope: each gives what it names", async () => {
    const seen = async (caller: Readonly<Record<string, string>>) => (await send("/people/1", caller)).response.json();
    expect(await seen(await somebody())).toEqual(plain);
    expect(await seen(await somebody("HR", "role:hr", "admin"))).toEqual(plain);
    expect(await seen(await somebody("hr"))).toEqual(WHOLE);
    expect(await seen(await somebody("payroll"))).toEqual({ ...plain, salary: 5 });
    expect(await seen(bearer(await token(ring, { scope: "orders:write" })))).toEqual({ ...plain, email: WHOLE.email });
    // What names no permission here is none, whatever a token says of itself.
    expect(await seen(bearer(await token(ring, { permissions: ["person:read_salary"], roles: [] })))).toEqual(plain);
  });

  it("API keys have their own roles; who is nobody has none", async () => {
    const { key } = await storedKey({ roles: ["hr"] });
    expect(await (await send("/people/1", { "x-api-key": key })).response.json()).toEqual(WHOLE);
    expect(await (await send("/public/people/1", {})).response.json()).toEqual(plain);
    expect(await (await send("/public/people/1", await somebody("hr"))).response.json()).toEqual(plain);
  });

  it("who does not see all learns nothing by validators, whether or not there was more", async () => {
    for (const there of [WHOLE, plain]) {
      network.origin(() => Response.json({ salary: 1, ...there }, { headers: { etag: `"${HIDDEN}"`, digest: "x" } }));
      const response = await install({ config: fieldConfig() }).fetch("/people/1", { headers: await somebody() });
      expect(await response.json()).toEqual(plain);
      for (const name of ["etag", "digest", "last-modified"]) expect(response.headers.get(name), name).toBeNull();
    }
    const { response } = await send("/people/1", await somebody("hr"));
    expect(response.headers.get("etag")).toBe('"whole"');
  });

  it("where the book of roles cannot be had the call is refused before its origin hears of it", async () => {
    const { response, received } = await send("/people/1", await somebody("payroll"), { wishes: BOOKLESS });
    expect([response.status, received]).toEqual([503, []]);
    expect(logs.lastDecision).toMatchObject({ reason: "role_book_unavailable" });
    expect((await send("/items", await somebody(), { wishes: BOOKLESS })).response.status).not.toBe(503);
  });
});

/** An installation that cannot have the book of roles. */
const BOOKLESS: InstallationWishes = {
  reader: (real: IssuerReader) => ({
    ...real,
    roleBook: () => Promise.reject(new Outage("issuer")),
    pull: async (position) => {
      const page = await real.pull(position);
      return { ...page, entries: page.entries.filter(({ kind }) => kind !== "role") };
    },
  }),
};

describe("fields that some may write", () => {
  it("a field that is not the caller's to write is refused with its place", async () => {
    const body = { name: "eve", salary: 9, reviews: [{ text: "x", score: 1 }] };
    const post = { method: "POST", body };
    expect(await placesOf(await send("/people", await somebody(), post))).toEqual(["/salary", "/reviews/0/score"]);
    expect(await placesOf(await send("/people", await somebody("hr"), post))).toEqual(["/salary"]);
    expect(logs.events("request_misfit").at(-1)).toMatchObject({ faults: ["body /salary x-sallyport-writable-by"] });
    const { received } = await send("/people", await somebody("hr", "payroll"), post);
    expect(received).toEqual([JSON.stringify(body)]);
    // What they may not write is not demanded of others.
    expect((await send("/people", await somebody(), { method: "POST", body: { name: "eve" } })).response.status).toBe(
      201,
    );
    expect(
      (await send("/people", await somebody("payroll"), { method: "POST", body: { name: "eve" } })).response.status,
    ).toBe(400);
  });

  it.each([
    ["case", '{"name":"a","SALARY":9}'],
    ["compatibility letters", '{"name":"a","ｓalary":9}'],
    ["an escape", '{"name":"a","\\u0073alary":9}'],
    ["null", '{"name":"a","salary":null}'],
  ])("another way to write it is refused as well: %s", async (_, body) => {
    expect(await placesOf(await send("/people", await somebody(), { method: "POST", body }))).toHaveLength(1);
    const twice = await send("/people", await somebody(), {
      method: "POST",
      body: '{"name":"a","salary":9,"salary":8}',
    });
    expect([twice.response.status, twice.received]).toEqual([400, []]);
  });

  it("a PUT replaces the whole: only who may write all of it may", async () => {
    const put = { method: "PUT", body: { name: "eve" } };
    expect(await placesOf(await send("/people/1", await somebody(), put))).toEqual([""]);
    expect(await placesOf(await send("/people/1", await somebody("payroll"), put))).toEqual([""]);
    const body = { name: "eve", salary: 1 };
    const all = await send("/people/1", await somebody("hr", "payroll"), { method: "PUT", body });
    expect([all.response.status, all.received.length]).toEqual([200, 1]);
    // Who sees all of it has its validator, from a change too; and may change it under one.
    expect(all.response.headers.get("etag")).toBe('"whole"');
    const conditional = { method: "PATCH", body: { name: "eve", salary: 2 }, headers: { "if-match": '"whole"' } };
    expect((await send("/people/1", await somebody("hr", "payroll"), conditional)).response.status).toBe(200);
    const blind = await send("/people/1", await somebody(), { ...conditional, body: { name: "eve" } });
    expect([blind.response.status, blind.received]).toEqual([412, []]);
    // An origin that keeps what is left out.
    expect((await send("/drop/people/1", await somebody(), put)).response.status).toBe(200);
  });

  it("a merge patch changes what it names, and replaces lists", async () => {
    const headers = { "content-type": "application/merge-patch+json" };
    const patch = async (body: unknown, ...roles: string[]) =>
      send("/people/1", await somebody(...roles), { method: "PATCH", body, headers });
    expect((await patch({ name: "eve" })).response.status).toBe(200);
    expect(await placesOf(await patch({ salary: null }))).toEqual(["/salary"]);
    expect(await placesOf(await patch({ reviews: [] }))).toEqual(["/reviews"]);
    expect(await placesOf(await patch({ reviews: null }))).toEqual(["/reviews"]);
    expect((await patch({ name: "eve", reviews: [] }, "hr")).response.status).toBe(200);
    const operations = [{ op: "replace", path: "/salary", value: 9 }];
    const asPatch = { method: "PATCH", body: operations, headers: { "content-type": "application/json-patch+json" } };
    const refused = await send("/people/1", await somebody(), asPatch);
    expect([refused.response.status, refused.received]).toEqual([415, []]);
  });
});

describe("dropping what the caller may not write", () => {
  it("the origin gets the rest to the letter", async () => {
    const body = '{ "id":"7", "name" : "\\u0065ve", "salary":9, "extra": [1.0, 12345678901234567890] }';
    const { response, received } = await send("/drop/people", await somebody(), { method: "POST", body });
    expect(response.status).toBe(201);
    const left = '{ "name" : "\\u0065ve", "extra": [1.0, 12345678901234567890] }';
    expect(received).toEqual([left]);
    expect(logs.events("request_fields_dropped").at(-1)).toMatchObject({
      faults: ["body /id x-sallyport-writable-by", "body /salary x-sallyport-writable-by"],
    });
  });

  it("a sealed body is refused rather than changed, and one whose types are wrong is still refused", async () => {
    for (const name of ["content-digest", "repr-digest", "digest", "content-md5", "signature-input"]) {
      const sealed = { method: "POST", body: { name: "eve", salary: 1 }, headers: { [name]: "sha-256=:x=:" } };
      expect(await placesOf(await send("/drop/people", await somebody(), sealed))).toEqual(["/salary"]);
    }
    const wrong = await send("/drop/people", await somebody(), { method: "POST", body: { name: 5, salary: 1 } });
    expect([wrong.response.status, wrong.received]).toEqual([400, []]);
  });

  it("a list that a change would replace is refused all the same", async () => {
    const body = { reviews: [{ text: "x", score: 5 }] };
    expect(await placesOf(await send("/drop/people/1", await somebody(), { method: "PATCH", body }))).toEqual([
      "/reviews",
    ]);
  });
});
