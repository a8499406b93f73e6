import { describe, expect, it } from "vitest";
import { note, noteWorld, SEEN } from "../support/note_world.ts";
import { problemOf } from "../support/refused.ts";
import { NOTE_FIELDS, noteRoutes, resourceFieldConfig } from "../support/resource_field_config.ts";

const { network, write, call, json, refusal } = noteWorld();

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

  it("resources of a type that the action is not on, also on a public route: nobody there has any relation", async () => {
    await write("note:1", "owner", "ann");
    const config = resourceFieldConfig(NOTE_FIELDS, [
      ...noteRoutes(),
      { path: "/shared", methods: ["GET"], origin: "main", public: true, fields: { type: "note" } },
      { path: "/mine", methods: ["GET"], origin: "main", fields: { type: "note", response: { at: "/*" } } },
    ]);
    expect(await json(call("/shared", { config }))).toEqual(SEEN);
    const answer = [note("1"), note("2")];
    expect(await json(call("/mine", { config, answer }))).toEqual([
      { ...SEEN, draft: "of 1" },
      { ...SEEN, id: "2" },
    ]);
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
    // A conflict that is answered with what is there.
    const there = await call("/notes/1", {
      respond: () => Response.json({ ...note("1"), status: "s" }, { status: 409 }),
    });
    expect([there.response.status, await there.response.text()]).toEqual([409, ""]);
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
