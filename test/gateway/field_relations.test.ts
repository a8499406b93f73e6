import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { type InstallationWishes, install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { schemaOf } from "../support/relation_graph.ts";

const logs = captureLogs();
const network = stubNetwork();
const RELATIONS = { document: { owner: "[client]", viewer: "[client] or owner" } };
let admin: AdminCaller;
let ring: ForgeKey;

const note = {
  type: "object",
  "x-sallyport-resource": { type: "document", id: "/id" },
  properties: {
    id: { type: "string" },
    title: { type: "string" },
    draft: {
      type: "string",
      "x-sallyport-visible-to": ["relation:viewer", "role:auditor"],
      "x-sallyport-writable-by": ["relation:owner"],
    },
    copies: { type: "array", items: { $ref: "#/components/schemas/Note" } },
  },
};
const NOTE = { $ref: "#/components/schemas/Note" };
const answer = (schema: object) => ({ "200": { description: "", content: { "application/json": { schema } } } });
const flat = { ...note, properties: { ...note.properties, copies: undefined } };
const flatNote = JSON.parse(JSON.stringify(flat));
const sent = { required: true, content: { "application/json": { schema: flatNote } } };
const about = { "x-sallyport-resource": { type: "document", path: "id" } };

const DOCUMENT = {
  openapi: "3.1.0",
  paths: {
    "/notes": {
      get: { responses: answer({ type: "array", items: NOTE }) },
      post: { requestBody: sent, responses: answer(NOTE) },
    },
    "/notes/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
      get: { ...about, responses: answer(NOTE) },
      patch: { ...about, requestBody: sent, responses: answer(NOTE) },
    },
    "/note": { patch: { requestBody: sent, responses: answer(flatNote) } },
    "/batch/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
      patch: {
        ...about,
        requestBody: { required: true, content: { "application/json": { schema: NOTE } } },
        responses: answer(NOTE),
      },
    },
  },
  components: { schemas: { Note: note } },
};

function config(): ConfigInput {
  const base = gatewayConfig();
  const route = { origin: "main", openapi: { document: "notes" } } as const;
  return {
    ...base,
    policy: {
      principal: {},
      resources: { document: { actions: { update: {} } } },
      relations: RELATIONS,
      rules: [{ id: "anybody", effect: "allow", on: ["document:update"], when: "true" }],
    },
    openapi: { notes: DOCUMENT },
    routes: [
      ...base.routes,
      { ...route, path: "/notes", methods: ["GET", "POST"] },
      { ...route, path: "/notes/:id", methods: ["GET", "PATCH"] },
      { ...route, path: "/batch/:id", methods: ["PATCH"] },
      { ...route, path: "/note", methods: ["PATCH"], action: "document:update", resource: { id: { body: "/id" } } },
      {
        ...route,
        path: "/agreed/notes/:id",
        openapi: { document: "notes", path: "/notes/{id}" },
        methods: ["PATCH"],
        action: "document:update",
        resource: { id: { body: "/id" } },
      },
    ],
  };
}

beforeAll(async () => {
  await migrate();
  admin = await adminCaller({ relationSchema: schemaOf(RELATIONS) });
  ring = await ringKey();
});
beforeEach(async () => {
  await stores.db.exec("DELETE FROM relation_tuples");
});

async function write(object: string, relation: string, subject: string): Promise<void> {
  const told = await admin.call("POST", "/relations", { writes: [{ object, relation, subject: `client:${subject}` }] });
  expect(told.status, told.text).toBe(200);
}

const somebody = async (id: string, ...roles: string[]) => bearer(await token(ring, { sub: id, client_id: id, roles }));

type Call = {
  method?: string;
  body?: unknown;
  wishes?: InstallationWishes;
  answer?: unknown;
  who?: string;
  roles?: string[];
};

async function call(
  path: string,
  { method = "GET", body, wishes = {}, answer = {}, who = "ann", roles = [] }: Call = {},
) {
  const received: string[] = [];
  network.origin(async (request) => {
    received.push(await request.text());
    return Response.json(answer, { headers: { etag: '"whole"' } });
  });
  const headers = {
    ...(await somebody(who, ...roles)),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await install({ ...wishes, config: config() }).fetch(path, init);
  return { response, received };
}

const doc = (id: string, more: object = {}) => ({ id, title: "t", draft: `of ${id}`, ...more });

describe("fields by relation", () => {
  it("each item of a list, and each within another, is filtered by the caller's relations to itself", async () => {
    await write("document:1", "owner", "ann");
    await write("document:3", "viewer", "ann");
    await write("document:2", "owner", "bob");
    const list = [doc("1", { copies: [doc("2"), doc("3")] }), doc("2", { copies: [doc("1")] })];
    const asked: number[] = [];
    const counting = (real: IssuerReader): IssuerReader => ({
      ...real,
      checkRelations: (questions) => {
        asked.push(questions.checks.length);
        return real.checkRelations(questions);
      },
    });
    const { response } = await call("/notes", { answer: list, wishes: { reader: counting } });
    expect(await response.json()).toEqual([
      doc("1", { copies: [{ id: "2", title: "t" }, doc("3")] }),
      { id: "2", title: "t", copies: [doc("1")] },
    ]);
    // All of them in one question.
    expect(asked).toEqual([3]);
    expect(await (await call("/notes", { answer: list, who: "eve", roles: ["auditor"] })).response.json()).toEqual(
      list,
    );
  });

  it("an item that says of itself nothing that can be asked about is nobody's", async () => {
    await write("document:1", "owner", "ann");
    for (const id of ["1#viewer@client:ann", "", "x".repeat(300), "document:1", "*"]) {
      const { response } = await call("/notes", { answer: [doc("1"), doc(id)] });
      expect(await response.json()).toEqual([doc("1"), { id, title: "t" }]);
    }
    const none = await call("/notes", { answer: [{ title: "t", draft: "of nobody" }] });
    expect(await none.response.json()).toEqual([{ title: "t" }]);
  });

  it("who sees all of a resource by a relation keeps its validators, and who does not has none", async () => {
    await write("document:1", "viewer", "ann");
    const whole = await call("/notes/1", { answer: { id: "1", title: "t" } });
    const partial = await call("/notes/1", { answer: { id: "1", title: "t" }, who: "eve" });
    const changed = await call("/notes/1", { method: "PATCH", body: { title: "u" }, answer: doc("1"), who: "eve" });
    expect([partial, changed].map(({ response }) => response.headers.get("etag"))).toEqual([null, null]);
    expect(await changed.response.json()).toEqual({ id: "1", title: "t" });
    // A note can hold copies of others: a validator of the whole speaks of those too.
    expect(whole.response.headers.get("etag")).toBeNull();
  });

  it("writing is by the relation to the resource of the path, whatever the body says of itself", async () => {
    await write("document:1", "owner", "ann");
    await write("document:2", "viewer", "ann");
    const patch = async (id: string, body: object, who = "ann") =>
      call(`/notes/${id}`, { method: "PATCH", body, who, answer: doc(id) });
    expect((await patch("1", { draft: "new" })).received).toEqual(['{"draft":"new"}']);
    for (const [id, body, who] of [
      ["2", { draft: "new" }, "ann"],
      ["2", { id: "1", draft: "new" }, "ann"],
      ["1", { draft: "new" }, "bob"],
      ["3", { draft: "new" }, "ann"],
    ] as const) {
      const { response, received } = await patch(id, body, who);
      expect([response.status, received]).toEqual([403, []]);
      expect(await problemOf(response)).toMatchObject({ code: "field_not_writable", errors: [{ pointer: "/draft" }] });
    }
    // What is made is nobody's yet.
    expect((await call("/notes", { method: "POST", body: doc("1") })).response.status).toBe(403);
    // A body that can hold other resources gets nothing by the relation to one.
    expect((await call("/batch/1", { method: "PATCH", body: { draft: "new" } })).response.status).toBe(403);
  });

  it("a body that names what the route is about gives the relations to that, where all places agree", async () => {
    await write("document:1", "owner", "ann");
    const patch = async (path: string, body: unknown, who = "ann") => {
      const { response, received } = await call(path, { method: "PATCH", body, who, answer: doc("1") });
      const { code = null } = response.status === 200 ? {} : await problemOf(response);
      expect(received).toHaveLength(response.status === 200 ? 1 : 0);
      return code;
    };
    expect(await patch("/note", { id: "1", draft: "new" })).toBeNull();
    expect(await patch("/note", { id: "1", draft: "new" }, "eve")).toBe("field_not_writable");
    expect(await patch("/note", { id: "2", draft: "new" })).toBe("field_not_writable");
    expect(await patch("/note", { draft: "new" })).toBe("resource_unclear");
    expect(await patch("/note", { id: "1", Id: "2", draft: "new" })).toBe("resource_unclear");
    // The document names the path's id, the route the body's.
    expect(await patch("/agreed/notes/1", { id: "1", draft: "new" })).toBeNull();
    expect(await patch("/agreed/notes/2", { id: "1", draft: "new" })).toBe("resource_unclear");
    expect(await patch("/agreed/notes/1", { id: "2", draft: "new" })).toBe("resource_unclear");
  });

  it("an outage refuses a call before its origin hears of it, and a read whose items nobody can tell about", async () => {
    const out = (real: IssuerReader): IssuerReader => ({
      ...real,
      checkRelations: () => Promise.reject(new Outage("relations")),
    });
    const wishes = { reader: out };
    const change = await call("/notes/1", { method: "PATCH", body: { draft: "new" }, wishes });
    expect([change.response.status, change.received]).toEqual([503, []]);
    expect((await call("/notes", { answer: [doc("1")], wishes })).response.status).toBe(503);
    // What was made is made: its answer only shows less.
    const made = await call("/notes", { method: "POST", body: { title: "t" }, answer: doc("9"), wishes });
    expect(made.received).toHaveLength(1);
    expect(await made.response.json()).toEqual({ id: "9", title: "t" });
    expect(logs.events("field_relations_unavailable")).toHaveLength(1);
    // Who needs no relation needs no issuer either.
    expect((await call("/notes/1", { answer: doc("1"), wishes, roles: ["auditor"] })).response.status).toBe(200);
  });

  it.each([
    ["that is none", "no token", "consistency_malformed"],
    ["of a change that was never made", "rev_zzzzzzzz", "consistency_unreached"],
  ])("a consistency token %s is refused here too", async (_, value, code) => {
    const headers = { ...(await somebody("ann")), "sallyport-consistency": value };
    network.origin(() => Response.json(doc("1")));
    const response = await install({ config: config() }).fetch("/notes/1", { headers });
    expect([response.status, (await problemOf(response)).code]).toEqual([400, code]);
    expect(network.originCalls).toHaveLength(0);
  });

  it("a list of more than can be asked about is withheld", async () => {
    const many = Array.from({ length: 501 }, (_, id) => doc(String(id)));
    const { response } = await call("/notes", { answer: many });
    expect(response.status).toBe(502);
    expect(logs.events("response_misfit").at(-1)).toMatchObject({ faults: ["body too_complex"] });
  });
});
