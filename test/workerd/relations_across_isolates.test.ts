import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { AgedRevocations } from "../../src/adapters/aged_revocations.ts";
import { remoteIssuerReader } from "../../src/adapters/remote/remote.ts";
import { composeReader } from "../../src/compose/control.ts";
import { composeRelationsOfCall } from "../../src/compose/relations.ts";
import { Kept } from "../../src/kernel/kept.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { type RelationNames, relationNames } from "../../src/policy/relations/relation_names.ts";
import { parseConsistencyToken } from "../../src/policy/relations/revision.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";
import { breakable } from "../support/breakable.ts";
import { schemaOf, tuple } from "../support/relation_graph.ts";

const SCHEMA = schemaOf({
  group: { member: "[user, group#member]" },
  folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
  document: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
});
const ISSUER = { issuer: { url: "https://issuer.example" } };
const CHAIN = [
  "document:1#parent@folder:a",
  "folder:a#viewer@group:eng#member",
  "group:eng#member@group:backend#member",
  "group:backend#member@user:alice",
];
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller({ relationSchema: SCHEMA });
});

/** An isolate of a gate: its own picture of the feed and its own memory. Its calls know the time that they are told. */
function isolate(reader: IssuerReader = composeReader(env), schema: RelationNames = SCHEMA) {
  const feed = new AgedRevocations(reader);
  const relationsOf = composeRelationsOfCall(ISSUER as never, schema, reader, new Kept());
  const deferred: Promise<unknown>[] = [];
  const defer = (work: Promise<unknown>) => void deferred.push(work.catch(() => undefined));
  return {
    async sees(nowMs: number, atLeast = 0, user = "alice") {
      const view = await feed.view(nowMs, defer, 0);
      if (view === null) throw new Error("stale");
      const principal = { kind: "user", id: user, issuer: ISSUER.issuer.url } as never;
      const relations = relationsOf(principal, { nowMs, view, defer, atLeast });
      const check = tuple(`document:1#viewer@user:${user}`);
      const known = relations.known(check);
      const isReached = known !== undefined || (await relations.resolve([check])) === "known";
      await Promise.all(deferred.splice(0));
      return { sees: isReached ? relations.known(check) : "unreached", asked: known === undefined };
    },
  };
}

async function change(writes: readonly string[], deletes: readonly string[]): Promise<number> {
  const fields = (text: string) => {
    const [node = "", subject] = text.split("@");
    const [object, relation] = node.split("#");
    return { object, relation, subject };
  };
  const told = await admin.call("POST", "/relations", { writes: writes.map(fields), deletes: deletes.map(fields) });
  expect(told.status, told.text).toBe(200);
  return parseConsistencyToken(String(told.json.consistency_token)) ?? -1;
}

describe("a change of relations at one isolate", () => {
  it.each(CHAIN)(
    "%s, taken away, counts at a warm one within three seconds and a round trip, and given back as well",
    async (link) => {
      await change(CHAIN, []);
      const t0 = Date.now();
      const a = isolate();
      // The other one is a Worker of its own: what it asks goes by value.
      const b = isolate(
        remoteIssuerReader(() => {
          const reader = composeReader(env);
          return {
            ...reader,
            pull: async (position) => structuredClone(await reader.pull(position)),
            checkRelations: async (asked) => structuredClone(await reader.checkRelations(structuredClone(asked))),
          };
        }),
      );
      expect([await a.sees(t0), await b.sees(t0)]).toEqual([
        { sees: true, asked: true },
        { sees: true, asked: true },
      ]);
      expect(await b.sees(t0 + 1_000), "positive control: from memory").toEqual({ sees: true, asked: false });
      await change([], [link]);
      expect(await b.sees(t0 + 1_900), "what it has not heard of yet").toEqual({ sees: true, asked: false });
      expect([await a.sees(t0 + 3_001), await b.sees(t0 + 3_001)]).toEqual([
        { sees: false, asked: true },
        { sees: false, asked: true },
      ]);
      await change([link], []);
      expect(await b.sees(t0 + 6_100)).toEqual({ sees: true, asked: true });
    },
  );

  it("is seen at once by whoever brings its consistency token", async () => {
    await change(CHAIN, []);
    const t0 = Date.now();
    const b = isolate();
    expect((await b.sees(t0)).sees).toBe(true);
    const revision = await change([], ["group:backend#member@user:alice"]);
    expect((await b.sees(t0 + 100)).sees, "positive control: nothing was heard yet").toBe(true);
    expect(await b.sees(t0 + 100, revision)).toEqual({ sees: false, asked: true });
    expect(await b.sees(t0 + 200, revision), "and then from memory").toEqual({ sees: false, asked: false });
    expect(await b.sees(t0 + 200, revision + 1)).toEqual({ sees: "unreached", asked: true });
  });

  it("elsewhere leaves an answer where it is", async () => {
    await change(CHAIN, []);
    const t0 = Date.now();
    const b = isolate();
    await b.sees(t0);
    await change(["document:2#viewer@user:bob"], []);
    expect(await b.sees(t0 + 3_001)).toEqual({ sees: true, asked: false });
  });
});

describe("a gate that never reads what its relations mean", () => {
  const WRITTEN = {
    group: { member: "[user, group#member]" },
    folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
    document: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
  };

  it("is answered by its names and their text as by the whole schema", async () => {
    await change(CHAIN, []);
    const b = isolate(composeReader(env), relationNames(WRITTEN));
    expect(await b.sees(Date.now())).toEqual({ sees: true, asked: true });
    expect((await b.sees(Date.now(), 0, "bob")).sees).toBe(false);
  });

  it.each([
    ["a type that there is not", "[usr]"],
    ["a rewrite that cannot be read", "[user] or or viewer"],
    ["itself alone", "viewer"],
    ["an exclusion of itself", "[user] but not viewer"],
  ])("is told nothing where a relation is made of %s, whatever the tuples say: an outage", async (_, viewer) => {
    await change([...CHAIN, "document:1#viewer@user:alice"], []);
    const b = isolate(composeReader(env), relationNames({ ...WRITTEN, document: { ...WRITTEN.document, viewer } }));
    await expect(b.sees(Date.now())).rejects.toBeInstanceOf(Outage);
  });
});

describe("the store of relations, broken", () => {
  it.each(["failing", "lying", "silent"] as const)(
    "%s: an outage to whoever asks, warm answers go on, and nothing is believed",
    async (health) => {
      await change(CHAIN, []);
      const broken = breakable(stores.db);
      const statement = { bind: () => statement };
      broken.lie = (method) => (method === "prepare" ? statement : [{ results: [{ revision: "one", moved: 0 }] }]);
      const reader = composeReader({ ...env, DB: broken.binding });
      const b = isolate({ ...composeReader(env), checkRelations: reader.checkRelations });
      const t0 = Date.now();
      expect((await b.sees(t0)).sees).toBe(true);
      broken.health = health;
      expect(await b.sees(t0 + 1_000)).toEqual({ sees: true, asked: false });
      await expect(b.sees(t0 + 1_000, 0, "bob")).rejects.toBeInstanceOf(Outage);
      if (health !== "silent") await expect(b.sees(t0 + 60_000), "after a minute").rejects.toBeInstanceOf(Outage);
      broken.health = "well";
      expect(await b.sees(t0 + 61_000)).toEqual({ sees: true, asked: true });
    },
  );
});
