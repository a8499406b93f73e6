import { describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { captureLogs } from "../support/logs.ts";
import { type NoteCall, note, noteWorld, SEEN } from "../support/note_world.ts";
import { problemOf } from "../support/refused.ts";
import { NOTE_FIELDS, resourceFieldConfig } from "../support/resource_field_config.ts";

const logs = captureLogs();
const { write, call, refusal } = noteWorld();

describe("what a policy lets be written of a resource", () => {
  const patch = (body: unknown, more: NoteCall = {}) => call("/notes/1", { method: "PATCH", body, ...more });

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
    const unknown = await problemOf((await patch({ internal: 2 })).response);
    expect(unknown.errors).toEqual([{ in: "body", pointer: "/internal", detail: "may not be written" }]);
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
    const patch = (body: unknown, more: NoteCall = {}) => call("/note", { method: "PATCH", body, ...more });
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

  it("stay in a body from which the rest is dropped: what was decided on is what is sent", async () => {
    const config = resourceFieldConfig({ ...NOTE_FIELDS, onForbidden: "drop" });
    const sent = { method: "PATCH", body: { id: "1", draft: "d", title: "u" }, config };
    expect((await call("/note", sent)).received).toEqual(['{"id":"1","title":"u"}']);
    await write("note:1", "owner", "ann");
    expect((await call("/note", sent)).received).toEqual(['{"id":"1","draft":"d","title":"u"}']);
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
    const batch = (ids: readonly string[], more: NoteCall = {}) => {
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
    expect(await refusal(call("/batch", { method: "PATCH", body: { notes } }))).toBe("400 too_many_resources");
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
