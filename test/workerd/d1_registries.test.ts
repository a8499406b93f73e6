import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1ApiKeys } from "../../src/adapters/d1/api_keys.ts";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { D1Outbox } from "../../src/adapters/d1/outbox.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { ClientSecretRecord, ClientWithSecrets } from "../../src/ports/clients.ts";
import { newApiKeyId, newClientId, newClientSecretId } from "../../src/protocol/ids.ts";
import { databaseThat } from "../support/broken_database.ts";
import { createKey, rowsLeft } from "../support/courier_world.ts";
import { clientEntry } from "../support/feed_entries.ts";
import { backstage, migrate, registerClient } from "../support/issuer_world.ts";

const clients = new D1Clients(backstage.db);
const keys = new D1ApiKeys(backstage.db);

beforeAll(migrate);

beforeEach(async () => {
  await backstage.db.exec("DELETE FROM outbox");
});

async function newClient(): Promise<ClientWithSecrets> {
  const found = await clients.find((await registerClient()).id);
  if (found === null) throw new Error("not registered");
  return found;
}

function secret(): ClientSecretRecord {
  const hash = `hash-${crypto.randomUUID()}`;
  return { id: newClientSecretId(platformRandom), hash, lastFour: "abcd", createdAtMs: 1, expiresAtMs: null };
}

/** `before` with the next version, another name and one more secret. */
function changed(before: ClientWithSecrets, name: string): ClientWithSecrets {
  const client = { ...before.client, name, version: before.client.version + 1, epoch: before.client.epoch + 1 };
  return { client, secrets: [...before.secrets, secret()] };
}

async function secretRows(hashes: readonly string[]): Promise<number> {
  const sql = "SELECT count(*) AS n FROM client_secrets WHERE hash IN (SELECT value FROM json_each(?))";
  return (await backstage.db.prepare(sql).bind(JSON.stringify(hashes)).first<number>("n")) ?? -1;
}

describe("D1Clients", () => {
  it("keeps what it was given, and finds nothing else", async () => {
    const wishes = {
      roles: ["a", 'quote " and \\u0000'],
      defaultScopes: [],
      disabled: true,
      name: "Robert'); DROP TABLE clients;--",
    };
    const { id, record } = await registerClient(wishes);
    expect((await clients.find(id))?.client).toEqual(record);
    expect(await clients.find(newClientId(platformRandom))).toBeNull();
  });

  it("of two writers who read the same version one wins, and nothing of the loser's batch stays", async () => {
    const before = await newClient();
    const [one, two] = [changed(before, "one"), changed(before, "two")];
    const outcomes = await Promise.all([
      clients.update(before, one, [clientEntry("one")]),
      clients.update(before, two, [clientEntry("two")]),
    ]);
    expect([...outcomes].sort()).toEqual(["changed", "conflict"]);
    const [winner, loser] = outcomes[0] === "changed" ? [one, two] : [two, one];
    const found = await clients.find(before.client.id);
    expect(found?.client).toEqual(winner.client);
    expect(found?.secrets.map(({ hash }) => hash).sort()).toEqual(winner.secrets.map(({ hash }) => hash).sort());
    const onlyLosers = loser.secrets.slice(-1).map(({ hash }) => hash);
    expect(await secretRows(onlyLosers)).toBe(0);
    const outbox = await new D1Outbox(backstage.db).peek(10);
    expect(outbox.map(({ entry }) => entry.id)).toEqual([winner.client.name]);
  });

  it("20 writers at once: one wins", async () => {
    const before = await newClient();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, at) => clients.update(before, changed(before, `n${at}`), [clientEntry(`n${at}`)])),
    );
    expect(outcomes.filter((outcome) => outcome === "changed")).toHaveLength(1);
    expect(await rowsLeft()).toBe(1);
  });

  it("a stale writer is a conflict, whatever version it says it makes", async () => {
    const before = await newClient();
    const next = changed(before, "next");
    expect(await clients.update(before, next, [])).toBe("changed");
    const liar = { ...changed(before, "liar"), client: { ...before.client, name: "liar", version: 3 } };
    expect(await clients.update(before, liar, [clientEntry("liar")])).toBe("conflict");
    expect(await clients.delete(before.client, [clientEntry("gone")])).toBe("conflict");
    expect([(await clients.find(before.client.id))?.client.name, await rowsLeft()]).toEqual(["next", 0]);
  });

  it("deleting takes the secrets along and tells the feed; what was deleted can be neither changed nor deleted", async () => {
    const before = await newClient();
    expect(await clients.delete(before.client, [clientEntry("gone")])).toBe("deleted");
    expect(await clients.find(before.client.id)).toBeNull();
    expect([await secretRows(before.secrets.map(({ hash }) => hash)), await rowsLeft()]).toEqual([0, 1]);
    expect(await clients.delete(before.client, [])).toBe("conflict");
    expect(await clients.update(before, changed(before, "ghost"), [])).toBe("conflict");
    expect(await secretRows(before.secrets.map(({ hash }) => hash))).toBe(0);
  });

  it("a change and a deletion at once: one wins", async () => {
    const before = await newClient();
    const outcomes = await Promise.all([
      clients.update(before, changed(before, "changed"), [clientEntry("changed")]),
      clients.delete(before.client, [clientEntry("deleted")]),
    ]);
    expect(outcomes.filter((outcome) => outcome !== "conflict")).toHaveLength(1);
  });

  it("lists by age, page by page, nobody twice and nobody left out", async () => {
    const at = 5_000_000_000_000;
    const made = await Promise.all(
      [3, 1, 1, 2, 1].map((offset) => registerClient({ createdAtMs: at + offset, updatedAtMs: at })),
    );
    const seen: string[] = [];
    for (let after = { createdAtMs: at, id: "" }; ; ) {
      const page = await clients.list(2, after);
      for (const { id } of page) seen.push(id);
      const last = page.at(-1);
      if (last === undefined) break;
      after = { createdAtMs: last.createdAtMs, id: last.id };
    }
    const expected = [...made].sort((a, b) => a.record.createdAtMs - b.record.createdAtMs || (a.id < b.id ? -1 : 1));
    expect(seen).toEqual(expected.map(({ id }) => id));
  });

  it("a database that cannot be reached is an outage, never an absent client", async () => {
    const broken = new D1Clients(databaseThat(() => true));
    await expect(broken.find(newClientId(platformRandom))).rejects.toBeInstanceOf(Outage);
    const before = await newClient();
    await expect(broken.update(before, changed(before, "x"), [])).rejects.toBeInstanceOf(Outage);
  });
});

describe("D1ApiKeys", () => {
  it("finds a key by each of its strings, and by nothing else", async () => {
    const { key, hash } = await createKey();
    expect(await keys.find(hash)).toMatchObject({ id: key.id, epoch: 1, secretExpiresAtMs: null });
    expect(await keys.get(key.id)).toEqual(key);
    expect(await keys.find("unknown")).toBeNull();
    expect(await keys.get(newApiKeyId(platformRandom))).toBeNull();
  });

  it("of two writers who read the same epoch one wins, and nothing of the loser's batch stays", async () => {
    const { key } = await createKey();
    await backstage.db.exec("DELETE FROM outbox");
    const turned = (name: string) => {
      const fresh = { hash: `${name}-${crypto.randomUUID()}`, lastFour: "abcd", createdAtMs: 2, expiresAtMs: null };
      const old = key.secrets.map((one) => ({ ...one, expiresAtMs: 9_000_000_000_000 }));
      return { ...key, name, epoch: 2, secrets: [fresh, ...old] };
    };
    const [one, two] = [turned("one"), turned("two")];
    const outcomes = await Promise.all([
      keys.update(key, one, [clientEntry("one")]),
      keys.update(key, two, [clientEntry("two")]),
    ]);
    expect([...outcomes].sort()).toEqual(["changed", "conflict"]);
    const [winner, loser] = outcomes[0] === "changed" ? [one, two] : [two, one];
    expect(await keys.get(key.id)).toEqual(winner);
    expect(await keys.find(loser.secrets[0]?.hash ?? "")).toBeNull();
    const outbox = await new D1Outbox(backstage.db).peek(10);
    expect(outbox.map(({ entry }) => entry.id)).toEqual([winner.name]);
    expect(outbox[0]?.project.toSorted()).toEqual(winner.secrets.map(({ hash }) => hash).toSorted());
  });

  it("a deletion takes every string along and orders their copies to be written anew", async () => {
    const { key, hash } = await createKey();
    await backstage.db.exec("DELETE FROM outbox");
    expect(await keys.delete(key, [clientEntry("gone")])).toBe("deleted");
    expect([await keys.find(hash), await keys.get(key.id)]).toEqual([null, null]);
    expect((await new D1Outbox(backstage.db).peek(10)).map(({ project }) => project)).toEqual([[hash]]);
    expect(await keys.delete(key, [])).toBe("conflict");
    expect(await keys.update(key, { ...key, epoch: 2 }, [])).toBe("conflict");
    expect(await keys.find(hash)).toBeNull();
  });
});

describe("D1Outbox", () => {
  it("gives rows in order and removes those that it is told, and no others", async () => {
    await clients.update(...(await twoEntries()));
    const outbox = new D1Outbox(backstage.db);
    const [first, second] = await outbox.peek(10);
    expect([first?.entry.id, second?.entry.id]).toEqual(["a", "b"]);
    await outbox.remove([first?.seq ?? -1]);
    expect((await outbox.peek(10)).map(({ entry }) => entry.id)).toEqual(["b"]);
  });

  it("a place is not given out again: a removed row's number names no later one", async () => {
    await clients.update(...(await twoEntries()));
    const outbox = new D1Outbox(backstage.db);
    const before = await outbox.peek(10);
    await outbox.remove(before.map(({ seq }) => seq));
    await clients.update(...(await twoEntries()));
    const last = before.at(-1)?.seq ?? 0;
    expect((await outbox.peek(10)).every(({ seq }) => seq > last)).toBe(true);
  });
});

async function twoEntries(): Promise<Parameters<D1Clients["update"]>> {
  const before = await newClient();
  return [before, changed(before, "x"), [clientEntry("a"), clientEntry("b")]];
}
