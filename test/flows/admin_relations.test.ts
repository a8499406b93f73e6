import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1Relations } from "../../src/adapters/d1/relations.ts";
import { sweepLeavers } from "../../src/managing/sweep_relations.ts";
import { FEED_START } from "../../src/protocol/edge_feed.ts";
import { type AdminCaller, adminCaller, adminParts, migrate, stores } from "../support/admin_world.ts";
import { schemaOf } from "../support/relation_graph.ts";

const SCHEMA = schemaOf({
  group: { member: "[user, group#member]" },
  folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
  document: {
    parent: "[folder]",
    owner: "[user, client]",
    viewer: "[user, api_key, group#member] or owner or viewer of parent",
  },
});
const ALICE = "user:usr_0000000000000000000001";
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller({ relationSchema: SCHEMA });
});
beforeEach(() => stores.db.exec("DELETE FROM relation_tuples"));

function fields(text: string) {
  const [, object = "", relation = "", subject = ""] = /^([^#]*)#([^@]*)@(.*)$/.exec(text) ?? [];
  return { object, relation, subject };
}

async function write(...texts: readonly string[]): Promise<string> {
  const told = await admin.call("POST", "/relations", { writes: texts.map(fields) });
  expect(told.status, told.text).toBe(200);
  return String(told.json.consistency_token);
}

async function listed(query = ""): Promise<readonly string[]> {
  const told = await admin.call("GET", `/relations${query}`);
  expect(told.status, told.text).toBe(200);
  return told.json.data.map(({ object, relation, subject }) => `${object}#${relation}@${subject}`);
}

function get(path: string, query: Readonly<Record<string, string>>) {
  return admin.call("GET", `/relations${path}?${new URLSearchParams(query)}`);
}

describe("relations over the admin API", () => {
  it("are written and deleted together, listed by filters, and each change has a later token", async () => {
    const first = await write(`document:1#owner@${ALICE}`, "document:1#viewer@group:g#member");
    const second = await admin.call("POST", "/relations", {
      writes: [fields("document:2#parent@folder:a")],
      deletes: [fields(`document:1#owner@${ALICE}`), fields("document:9#owner@user:nobody")],
    });
    expect(second.status).toBe(200);
    expect(second.json.consistency_token).toMatch(/^rev_[0-9a-z]+$/);
    expect(second.json.consistency_token).not.toBe(first);
    expect(await listed()).toEqual(["document:1#viewer@group:g#member", "document:2#parent@folder:a"]);
    expect(await listed("?object=document:1")).toEqual(["document:1#viewer@group:g#member"]);
    expect(await listed(`?subject=${encodeURIComponent("group:g#member")}`)).toHaveLength(1);
    expect(await listed("?subject=group:g")).toEqual([]);
    expect(await listed("?object_type=folder")).toEqual([]);
  });

  it("are listed a page at a time", async () => {
    await write(...Array.from({ length: 5 }, (_, at) => `document:${at}#owner@${ALICE}`));
    const found: unknown[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const told = await get("", { limit: "2", ...(cursor !== "" && { cursor }) });
      found.push(...told.json.data.map(({ object }) => object));
      cursor = told.json.next_cursor;
    }
    expect(found).toEqual([0, 1, 2, 3, 4].map((at) => `document:${at}`));
    for (const cursor of ["x", "AAAA", btoa("document:1")]) expect((await get("", { cursor })).status).toBe(400);
  });

  it.each<[string, string, string]>([
    [
      "a type that is not there",
      "documnt:1#owner@user:a",
      "writes.0.object: there is no type `documnt`; did you mean `document`?",
    ],
    [
      "a relation that is not there",
      "document:1#ownr@user:a",
      "writes.0.relation: `document` has no relation `ownr`; did you mean `owner`?",
    ],
    [
      "a subject that it does not take",
      "document:1#owner@api_key:a",
      "writes.0.subject: `owner` takes `user`, `client`, not `api_key`",
    ],
    [
      "a group in the place of its members",
      "document:1#viewer@group:g",
      "writes.0.subject: `viewer` takes `user`, `api_key`, `group#member`, not `group`",
    ],
    ["a tuple in the place of an id", "document:1#owner@user:a#viewer@user:b", "writes.0.subject"],
    ["everybody", "document:1#viewer@user:*", "writes.0.subject"],
    ["an id with white space", "document:a b#owner@user:a", "writes.0.object"],
    ["an id of 300 characters", `document:${"x".repeat(300)}#owner@user:a`, "writes.0.object"],
  ])("are not written with %s", async (_, text, fault) => {
    const told = await admin.call("POST", "/relations", {
      writes: [fields("document:2#owner@user:a"), fields(text)].toReversed(),
    });
    expect(told.status).toBe(400);
    expect(told.json.errors.map(({ field, reason }) => `${field}: ${reason}`).join("; ")).toContain(fault);
    expect(await listed()).toEqual([]);
  });

  it("bounds: nothing, too many, and one twice are refused", async () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => fields(`document:${at}#owner@user:a`));
    expect((await admin.call("POST", "/relations", {})).status).toBe(400);
    expect((await admin.call("POST", "/relations", { writes: many(101) })).status).toBe(400);
    expect((await admin.call("POST", "/relations", { writes: many(60), deletes: many(60) })).status).toBe(400);
    const twice = await admin.call("POST", "/relations", { writes: many(1), deletes: many(1) });
    expect(twice.json.errors).toEqual([{ field: "deletes.0", reason: "is repeated" }]);
    expect((await admin.call("POST", "/relations", { writes: many(100) })).status).toBe(200);
    expect((await get("", { relation: "owner" })).status).toBe(400);
  });

  it("a precondition that does not hold changes nothing; of ten who try at once one succeeds", async () => {
    const owner = fields(`document:1#owner@${ALICE}`);
    await write(`document:1#owner@${ALICE}`);
    const refused = await admin.call("POST", "/relations", {
      writes: [fields("document:1#viewer@user:b")],
      preconditions: [{ ...owner, present: false }],
    });
    expect([refused.status, refused.json.code]).toEqual([412, "precondition_failed"]);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        admin.call("POST", "/relations", {
          writes: [fields(`document:1#owner@user:heir${at}`)],
          deletes: [owner],
          preconditions: [{ ...owner, present: true }],
        }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
    expect(await listed()).toHaveLength(1);
  });

  it("are checked with the path that grants, and what is undecided says so", async () => {
    await write("document:1#parent@folder:a", "folder:a#viewer@group:g#member", `group:g#member@${ALICE}`);
    const asked = { object: "document:1", relation: "viewer", subject: ALICE };
    const told = await get("/check", asked);
    expect(told.json).toMatchObject({
      allowed: true,
      undecided: false,
      path: [
        fields("document:1#parent@folder:a"),
        fields("folder:a#viewer@group:g#member"),
        fields(`group:g#member@${ALICE}`),
      ],
    });
    expect((await get("/check", { ...asked, subject: "user:b" })).json).toMatchObject({ allowed: false, path: [] });
    const chain = Array.from({ length: 30 }, (_, at) => `group:${at}#member@group:${at + 1}#member`);
    await write(...chain, "document:2#viewer@group:0#member");
    expect((await get("/check", { ...asked, object: "document:2" })).json).toMatchObject({
      allowed: false,
      undecided: true,
    });
    for (const odd of [
      { relation: "reader" },
      { object: "robot:1" },
      { subject: "robot:1" },
      { subject: "group:g#owner" },
    ])
      expect((await get("/check", { ...asked, ...odd })).status, JSON.stringify(odd)).toBe(400);
  });

  it("are expanded, and listed from the subject and from the object", async () => {
    await write(
      "document:1#parent@folder:a",
      "document:2#parent@folder:a",
      `document:3#owner@${ALICE}`,
      "folder:a#viewer@group:g#member",
      `group:g#member@${ALICE}`,
      "group:g#member@user:b",
    );
    const tree = await get("/expand", { object: "document:1", relation: "viewer" });
    expect(tree.json).toMatchObject({
      truncated: false,
      tree: {
        kind: "or",
        of: [
          { kind: "direct", subjects: [] },
          { kind: "same", relation: "owner", of: { kind: "direct", subjects: [] } },
          { kind: "through", parent: "parent", sets: ["folder:a#viewer"] },
        ],
      },
    });
    const query = { object_type: "document", relation: "viewer", subject: ALICE };
    const first = await get("/list-objects", { ...query, limit: "2" });
    expect(first.json).toMatchObject({ data: ["document:1", "document:2"], truncated: false });
    const rest = await get("/list-objects", { ...query, limit: "2", cursor: first.json.next_cursor ?? "" });
    expect(rest.json).toMatchObject({ data: ["document:3"], next_cursor: null });
    const people = await get("/list-subjects", { object: "document:1", relation: "viewer", subject_type: "user" });
    expect(people.json.data).toEqual(["user:b", ALICE]);
    const groups = await get("/list-subjects", {
      object: "document:1",
      relation: "viewer",
      subject_type: "group#member",
    });
    expect(groups.json.data).toEqual(["group:g#member"]);
    expect(
      (await get("/list-subjects", { object: "document:1", relation: "viewer", subject_type: "robot" })).status,
    ).toBe(400);
  });

  it("of an object or of a subject are deleted, a hundred at a time; of everything never", async () => {
    await write(...Array.from({ length: 70 }, (_, at) => `document:1#viewer@user:u${at}`));
    await write(...Array.from({ length: 70 }, (_, at) => `document:1#owner@user:u${at}`));
    expect((await admin.call("DELETE", "/relations")).status).toBe(400);
    expect((await admin.call("DELETE", "/relations?object_type=document")).status).toBe(400);
    expect((await admin.call("DELETE", "/relations?object=document:1")).json).toMatchObject({
      deleted: 100,
      more: true,
    });
    expect((await admin.call("DELETE", "/relations?object=document:1")).json).toMatchObject({
      deleted: 40,
      more: false,
    });
    const none = await admin.call("DELETE", "/relations?object=document:1");
    expect([none.status, none.json.deleted]).toEqual([200, 0]);
  });

  it("are told to gates through the feed, and recorded in the trail, with the change", async () => {
    await write("document:77#viewer@user:b");
    const { entries } = await stores.feed.pull(FEED_START);
    const told = entries.filter(({ kind }) => kind === "relation");
    expect(told.map(({ id }) => id)).toContain("*");
    expect(
      new Set(told.filter(({ epoch }) => epoch === Math.max(...told.map((each) => each.epoch))).map(({ id }) => id))
        .size,
    ).toBe(2);
    const { json } = await admin.call("GET", "/audit?target=relations");
    expect(json.data[0]).toMatchObject({
      action: "change_relations",
      outcome: "changed",
      changes: { "document:77#viewer@user:b": { after: true } },
    });
  });

  it("of a deleted key are taken out by the sweep, whose change is told as any other", async () => {
    const made = await admin.call("POST", "/keys", { name: "k", environment: "test", scopes: [] });
    const subject = `api_key:${made.json.id}`;
    await write(`document:1#viewer@${subject}`, "document:1#viewer@user:b");
    expect((await admin.call("DELETE", `/keys/${made.json.id}`)).status).toBe(204);
    const relations = new D1Relations(stores.db);
    expect(await relations.leavers(10)).toEqual([{ type: "api_key", id: made.json.id }]);
    const swept: number[] = [];
    const { courier } = adminParts();
    const sweeping = {
      relations,
      courier,
      swept: (rows: number) => swept.push(rows),
      failed: (error: unknown) => expect.unreachable(String(error)),
    };
    await sweepLeavers(sweeping, Date.now());
    expect([swept, await listed()]).toEqual([[1], ["document:1#viewer@user:b"]]);
    expect(await relations.leavers(10)).toEqual([]);
  });

  it("an installation without relations takes none and says why", async () => {
    const plain = await adminCaller({ relationSchema: { types: new Map(), strata: 1, text: "{}" } });
    const told = await plain.call("POST", "/relations", { writes: [fields("document:1#owner@user:a")] });
    expect(told.json.errors).toEqual([{ field: "writes.0.object", reason: "there is no type `document`" }]);
  });
});
