import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1Outbox } from "../../src/adapters/d1/outbox.ts";
import { D1Relations, tupleListSql } from "../../src/adapters/d1/relations.ts";
import { LEVEL_SQL } from "../../src/adapters/d1/tuple_reader.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { checkRelations } from "../../src/policy/relations/check.ts";
import { bucketOf } from "../../src/policy/relations/node.ts";
import { tupleText } from "../../src/policy/relations/terms.ts";
import type { TupleChange, TupleFilter } from "../../src/ports/relations.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { schemaOf, tuple } from "../support/relation_graph.ts";

const T0 = 1_800_000_000_000;
const { db } = backstage;
const store = new D1Relations(db);

beforeAll(migrate);
beforeEach(() =>
  db.batch(["relation_tuples", "relation_buckets", "outbox"].map((table) => db.prepare(`DELETE FROM ${table}`))),
);

function change(wishes: Partial<Record<"writes" | "deletes" | "absent" | "present", readonly string[]>>): TupleChange {
  const { writes = [], deletes = [], absent = [], present = [] } = wishes;
  return {
    writes: writes.map(tuple),
    deletes: deletes.map(tuple),
    preconditions: [
      ...absent.map((text) => ({ tuple: tuple(text), present: false })),
      ...present.map((text) => ({ tuple: tuple(text), present: true })),
    ],
    nowMs: T0,
  };
}

async function texts(filter: TupleFilter = {}): Promise<readonly string[]> {
  return (await store.list(1_000, null, filter)).map(tupleText);
}

async function revisionOf(made: Awaited<ReturnType<D1Relations["change"]>>): Promise<number> {
  if (made === "precondition_failed") throw new Error(made);
  return made.revision;
}

describe("tuples in D1", () => {
  it("are written and deleted together, and whoever does so twice does no harm", async () => {
    const first = change({ writes: ["document:1#viewer@user:a", "document:1#viewer@group:g#member"] });
    const before = await revisionOf(await store.change(first));
    expect(await revisionOf(await store.change(first))).toBe(before + 1);
    await store.change(change({ writes: ["document:1#owner@user:b"], deletes: ["document:1#viewer@user:a"] }));
    await store.change(change({ deletes: ["document:1#viewer@user:a"] }));
    expect(await texts()).toEqual(["document:1#owner@user:b", "document:1#viewer@group:g#member"]);
    expect(await store.revision()).toBe(before + 3);
  });

  it("are not changed at all where one precondition does not hold, and nobody is told of anything", async () => {
    await store.change(change({ writes: ["document:1#owner@user:a"] }));
    const before = await store.revision();
    await db.exec("DELETE FROM outbox");
    const failing = [
      change({ writes: ["document:2#owner@user:b"], absent: ["document:3#owner@user:b", "document:1#owner@user:a"] }),
      change({ deletes: ["document:1#owner@user:a"], present: ["document:1#owner@user:b"] }),
      change({ deletes: ["document:1#owner@user:a"], present: ["document:1#owner@user:a#member"] }),
    ];
    for (const each of failing) expect(await store.change(each)).toBe("precondition_failed");
    expect(await texts()).toEqual(["document:1#owner@user:a"]);
    expect(await store.revision()).toBe(before);
    expect(await new D1Outbox(db).peek(10)).toEqual([]);
    const kept = await db.prepare("SELECT count(*) AS count FROM relation_preconditions").first("count");
    expect(kept).toBe(0);
    const holding = change({ deletes: ["document:1#owner@user:a"], present: ["document:1#owner@user:a"] });
    expect(await revisionOf(await store.change(holding))).toBe(before + 1);
  });

  it("of twenty who want to be the only owner at the same time one is", async () => {
    const others = Array.from({ length: 20 }, (_, at) => `document:9#owner@user:u${at}`);
    await store.change(change({ writes: ["document:9#owner@user:nobody"] }));
    const outcomes = await Promise.all(
      others.map((text) =>
        store.change(
          change({
            writes: [text],
            deletes: ["document:9#owner@user:nobody"],
            present: ["document:9#owner@user:nobody"],
          }),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "precondition_failed")).toHaveLength(19);
    expect(await texts()).toHaveLength(1);
  });

  it("tell the feed of every bucket that they touched, and that something changed, under one revision", async () => {
    const made = await store.change(
      change({ writes: ["document:1#owner@user:a"], deletes: ["folder:f#viewer@user:b"] }),
    );
    const revision = await revisionOf(made);
    const items = await new D1Outbox(db).peek(10);
    const ids = [bucketOf("document:1#owner"), bucketOf("folder:f#viewer")].map(String);
    expect(items.map(({ entry }) => entry.id).toSorted()).toEqual([...ids, "*"].toSorted());
    for (const { entry } of items)
      expect(entry).toMatchObject({ kind: "relation", epoch: revision, untilMs: T0 + 300_000 });
  });

  it("are listed by any filter, a page at a time, without a gap or a repetition", async () => {
    const writes = [
      "document:1#owner@user:a",
      "document:1#viewer@group:g#member",
      "document:1#viewer@user:b",
      "document:10#viewer@user:b",
      "documents:1#viewer@user:b",
      "folder:1#viewer@user:b",
      "folder:1#viewer@group:g#member",
    ];
    await store.change(change({ writes }));
    const ofType = (type: string) => writes.filter((text) => text.startsWith(`${type}:`));
    const sorted = (some: readonly string[]) => some.toSorted();
    expect(sorted(await texts({ objectType: "document" }))).toEqual(sorted(ofType("document")));
    expect(sorted(await texts({ object: { type: "document", id: "1" } }))).toEqual(sorted(writes.slice(0, 3)));
    expect(sorted(await texts({ subject: { type: "user", id: "b" } }))).toHaveLength(4);
    expect(await texts({ subject: { type: "user", id: "b" }, objectType: "folder" })).toEqual([
      "folder:1#viewer@user:b",
    ]);
    expect(await texts({ subject: { type: "group", id: "g" } })).toEqual([]);
    expect(await texts({ subject: { type: "group", id: "g", relation: "member" } })).toHaveLength(2);
    expect(await texts({ relation: "owner" })).toEqual(["document:1#owner@user:a"]);
    for (const filter of [{}, { objectType: "document" }, { subject: { type: "user", id: "b" } }]) {
      const paged: string[] = [];
      for (let after = null; ; ) {
        const page = await store.list(2, after, filter);
        paged.push(...page.map(tupleText));
        if (page.length < 2) break;
        after = page.at(-1) ?? null;
      }
      expect(paged).toEqual(await texts(filter));
    }
  });

  it.each([
    [
      "a level's tuples",
      LEVEL_SQL.TUPLES,
      ["[]"],
      /SEARCH t USING PRIMARY KEY \(object=\? AND relation=\? AND subject_relation=\? AND subject=\?\)/,
    ],
    [
      "a level's sets",
      LEVEL_SQL.SETS,
      ["[]", 1],
      /SEARCH t USING PRIMARY KEY \(object=\? AND relation=\? AND subject_relation>\?\)/,
    ],
    [
      "a level's members",
      LEVEL_SQL.MEMBERS,
      ["[]", 1],
      /SEARCH t USING PRIMARY KEY \(object=\? AND relation=\? AND subject_relation=\?\)/,
    ],
    [
      "a level's objects",
      LEVEL_SQL.OBJECTS,
      ["[]", 1],
      /SEARCH t USING (COVERING )?INDEX relation_tuples_by_subject \(subject=\? AND subject_relation=\?\)/,
    ],
    ["what moved", LEVEL_SQL.REVISION, [0, "[]"], /SEARCH b USING INTEGER PRIMARY KEY/],
    [
      "a list",
      ...listed({}),
      /SEARCH relation_tuples USING PRIMARY KEY \(\(object,relation,subject_relation,subject\)>/,
    ],
    [
      "a list of an object",
      ...listed({ object: { type: "a", id: "1" } }),
      /SEARCH relation_tuples USING PRIMARY KEY \(object=\?/,
    ],
    [
      "a list of a type",
      ...listed({ objectType: "a" }),
      /SEARCH relation_tuples USING PRIMARY KEY \(object>\? AND object<\?/,
    ],
    [
      "a list of a subject",
      ...listed({ subject: { type: "user", id: "1" } }),
      /SEARCH relation_tuples USING (COVERING )?INDEX relation_tuples_by_subject \(subject=\? AND subject_relation=\?/,
    ],
  ] as [string, string, unknown[], RegExp][])(
    "%s are found by an index, in its order",
    async (_, sql, values, plan) => {
      const { results } = await db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...values)
        .all<{ detail: string }>();
      const details = results.map(({ detail }) => detail).join("\n");
      expect(details).toMatch(plan);
      expect(details).not.toMatch(/TEMP B-TREE|AUTOMATIC/);
    },
  );

  it("that no release wrote are an outage, and never read as others", async () => {
    const insert = (object: string, set: string, subject: string) =>
      db
        .prepare(
          "INSERT INTO relation_tuples (object, relation, subject_relation, subject, created_at) VALUES (?, 'viewer', ?, ?, 0)",
        )
        .bind(object, set, subject)
        .run();
    const schema = schemaOf({ group: { member: "[user]" }, document: { viewer: "[user, group#member]" } });
    for (const [set, subject] of [
      ["x y", "group:g"],
      ["member", "group:g#member"],
      ["member", "group:"],
    ] as const) {
      await db.exec("DELETE FROM relation_tuples");
      await insert("document:1", set, subject);
      await expect(checkRelations(schema, [tuple("document:1#viewer@user:a")], store)).rejects.toThrow(Outage);
      await expect(store.list(10, null, {})).rejects.toThrow(Outage);
    }
  });

  it("of a chain four deep are found with one round trip for each level, and of one moment", async () => {
    const schema = schemaOf({
      group: { member: "[user, group#member]" },
      folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
      document: { parent: "[folder]", owner: "[user]", viewer: "[user] or owner or viewer of parent" },
    });
    await store.change(
      change({
        writes: [
          "document:1#parent@folder:a",
          "folder:a#parent@folder:b",
          "folder:b#viewer@group:g#member",
          "group:g#member@user:alice",
        ],
      }),
    );
    let batches = 0;
    const counted = new Proxy(db, {
      get: (target, name) => {
        if (name === "batch") batches += 1;
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const check = tuple("document:1#viewer@user:alice");
    const found = await checkRelations(schema, [check], new D1Relations(counted));
    expect(found.findings[0]?.path.map(tupleText)).toEqual([
      "document:1#parent@folder:a",
      "folder:a#parent@folder:b",
      "folder:b#viewer@group:g#member",
      "group:g#member@user:alice",
    ]);
    expect(batches).toBe(4);
    expect(found.revision).toBe(await store.revision());
  });

  it("that change between two levels do not make an answer that was never true", async () => {
    const schema = schemaOf({
      group: { member: "[user]" },
      document: { viewer: "[user, group#member]" },
    });
    await store.change(change({ writes: ["document:1#viewer@group:g#member"] }));
    let reads = 0;
    const raced = {
      readBySubject: store.readBySubject.bind(store),
      read: async (level: Parameters<typeof store.read>[0]) => {
        reads += 1;
        // Between the first and the second level: first the group loses the document, then the person comes into the group.
        if (reads === 2) {
          await store.change(change({ deletes: ["document:1#viewer@group:g#member"] }));
          await store.change(change({ writes: ["group:g#member@user:mallory"] }));
        }
        return store.read(level);
      },
    };
    const { findings } = await checkRelations(schema, [tuple("document:1#viewer@user:mallory")], raced);
    expect(findings[0]?.answer).toBe(false);
  });

  it("of those who are deleted are noted for the sweep", async () => {
    await db.batch([
      db.prepare(
        `INSERT INTO api_keys (id, name, environment, kind, scopes, roles, epoch, created_at, updated_at)
         VALUES ('key_1', 'n', 'live', 'secret', '[]', '[]', 1, 0, 0), ('key_2', 'n', 'live', 'secret', '[]', '[]', 1, 0, 0)`,
      ),
    ]);
    await store.change(change({ writes: ["document:1#viewer@api_key:key_1"] }));
    await db.exec("DELETE FROM api_keys WHERE id IN ('key_1', 'key_2')");
    expect(await store.leavers(10)).toEqual([{ type: "api_key", id: "key_1" }]);
    await store.left({ type: "api_key", id: "key_1" });
    expect(await store.leavers(10), "still in a tuple").toHaveLength(1);
    await store.change(change({ deletes: ["document:1#viewer@api_key:key_1"] }));
    await store.left({ type: "api_key", id: "key_1" });
    expect(await store.leavers(10)).toEqual([]);
  });
});

function listed(filter: TupleFilter): [sql: string, values: readonly unknown[]] {
  const { sql, values } = tupleListSql(10, tuple("a:1#x@user:1"), filter);
  return [sql, values];
}
