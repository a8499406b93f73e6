import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { KvApiKeys } from "../../src/adapters/kv_api_keys.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { composeCredits, composeKeyUseRecords } from "../../src/compose/keys.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { hashApiKey, parseApiKey } from "../../src/protocol/api_key.ts";
import { newClientId, newUserId, parseApiKeyId } from "../../src/protocol/ids.ts";
import { type AdminCaller, adminCaller, dumpStores, migrate, stores } from "../support/admin_world.ts";

let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

const BASE = { name: "CI", environment: "live", scopes: [] };

async function create(fields: object = {}) {
  const told = await admin.call("POST", "/keys", { ...BASE, ...fields });
  expect(told.status, told.text).toBe(201);
  return told.json;
}

/** What the gate would find in KV, as it stands there. */
async function copyOf(text: string): Promise<{ readonly terms?: unknown } | null> {
  const key = parseApiKey(text);
  if (key === null) throw new Error("not a key");
  return stores.copies.get(await hashApiKey(key), "json");
}

const TERMS = {
  allowed_addresses: ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"],
  limits: [
    { name: "steady", algorithm: "fixed", limit: 100, window_seconds: 60, precision: "leased" },
    { name: "burst", algorithm: "bucket", burst: 5, refill: 1, interval_seconds: 2, precision: "exact" },
  ],
  credits: { amount: 1_000, refill: { amount: 100, interval_seconds: 86_400 } },
};

describe("a key's terms", () => {
  it("are shown as they were given, and the gate's copy holds what it needs and no more", async () => {
    const made = await create({ ...TERMS, owner: "Team Blue", metadata: { ticket: "OPS-7" } });
    expect(made).toMatchObject({ ...TERMS, owner: "Team Blue", metadata: { ticket: "OPS-7" }, prefix: "sk_live_" });
    const { key, ...shown } = made;
    expect((await admin.call("GET", `/keys/${made.id}`)).json).toEqual(shown);
    expect(await copyOf(key)).toMatchObject({
      terms: {
        addresses: TERMS.allowed_addresses,
        limits: [
          { name: "steady", algorithm: "fixed", limit: 100, windowSeconds: 60, precision: "leased" },
          { name: "burst", algorithm: "bucket", burst: 5, refill: 1, intervalSeconds: 2, precision: "exact" },
        ],
        credits: { amount: 1_000, refill: { amount: 100, intervalSeconds: 86_400 }, series: 1 },
      },
    });
    expect(JSON.stringify(await copyOf(key))).not.toMatch(/OPS-7|Team Blue/);
  });

  it("the copy names an owner that has an id, for gates that hold its keys to certificates, and follows a change", async () => {
    const made = await create();
    expect(await copyOf(made.key)).toMatchObject({ owner: null });
    const client = { name: "Owner", scopes: ["orders:read"] };
    const { id: owner } = (await admin.call("POST", "/clients", client)).json;
    expect((await admin.call("PATCH", `/keys/${made.id}`, { owner })).status).toBe(200);
    expect(await copyOf(made.key)).toMatchObject({ owner, epoch: 2 });
    expect((await admin.call("PATCH", `/keys/${made.id}`, { owner: "Team Blue" })).status).toBe(200);
    expect(await copyOf(made.key)).toMatchObject({ owner: null, epoch: 3 });
  });

  it("are absent from the copies of keys without them, as in the copies of earlier releases", async () => {
    const made = await create();
    expect(made).toMatchObject({ owner: null, metadata: {}, allowed_addresses: null, allowed_origins: null });
    expect(made).toMatchObject({ limits: [], credits: null, last_used_at: null, leak: null });
    expect(await copyOf(made.key)).not.toHaveProperty("terms");
    expect((await new KvApiKeys(stores.copies).find(await hashOf(made.key)))?.terms).toBeUndefined();
  });

  it("change and go, each time with a new copy and a new epoch", async () => {
    const made = await create({ allowed_addresses: ["203.0.113.7"] });
    const changed = await admin.call("PATCH", `/keys/${made.id}`, { allowed_addresses: ["203.0.113.8"] });
    expect(changed.json).toMatchObject({ allowed_addresses: ["203.0.113.8"] });
    expect(await copyOf(made.key)).toMatchObject({ epoch: 2, terms: { addresses: ["203.0.113.8"] } });
    await admin.call("PATCH", `/keys/${made.id}`, { allowed_addresses: null });
    expect(await copyOf(made.key)).toMatchObject({ epoch: 3 });
    expect(await copyOf(made.key)).not.toHaveProperty("terms");
  });

  it("given once more change nothing, but credits begin anew", async () => {
    const { key, id } = await create({ ...TERMS, metadata: { a: "1", b: "2" } });
    const same = { allowed_addresses: TERMS.allowed_addresses, limits: TERMS.limits, metadata: { b: "2", a: "1" } };
    await admin.call("PATCH", `/keys/${id}`, same);
    expect(await copyOf(key)).toMatchObject({ epoch: 1 });
    await admin.call("PATCH", `/keys/${id}`, { credits: TERMS.credits });
    expect(await copyOf(key)).toMatchObject({ epoch: 2, terms: { credits: { amount: 1_000, series: 2 } } });
    await admin.call("PATCH", `/keys/${id}`, { name: "other" });
    expect(await copyOf(key)).toMatchObject({ epoch: 3, terms: { credits: { amount: 1_000, series: 2 } } });
  });

  it("outlive a rotation", async () => {
    const made = await create(TERMS);
    const rotated = await admin.call("POST", `/keys/${made.id}/rotate`, {});
    expect(await copyOf(rotated.json.key)).toMatchObject({ terms: { addresses: TERMS.allowed_addresses } });
    expect(await copyOf(made.key)).toMatchObject({ terms: { addresses: TERMS.allowed_addresses } });
  });

  it.each<[string, object, string]>([
    ["a name for an address", { allowed_addresses: ["localhost"] }, "allowed_addresses.0"],
    ["a range with bits beyond its prefix", { allowed_addresses: ["10.0.0.0/8", "10.0.0.1/8"] }, "allowed_addresses.1"],
    ["an empty list of addresses, which might mean none or all", { allowed_addresses: [] }, "allowed_addresses"],
    ["an address twice", { allowed_addresses: ["::1", "::1"] }, "allowed_addresses.1"],
    ["origins on a secret key", { allowed_origins: ["https://app.example"] }, "allowed_origins"],
    ["an origin with a path", { kind: "publishable", allowed_origins: ["https://app.example/"] }, "allowed_origins.0"],
    [
      "an origin with its default port",
      { kind: "publishable", allowed_origins: ["https://app.example:443"] },
      "allowed_origins.0",
    ],
    ["the origin of nobody", { kind: "publishable", allowed_origins: ["null"] }, "allowed_origins.0"],
    ["every origin", { kind: "publishable", allowed_origins: ["*"] }, "allowed_origins.0"],
    ["an origin that is no web page's", { kind: "publishable", allowed_origins: ["file:///x"] }, "allowed_origins.0"],
    ["a limit of none", { limits: [{ ...TERMS.limits[0], limit: 0 }] }, "limits.0.limit"],
    ["two limits of one name", { limits: [TERMS.limits[0], TERMS.limits[0]] }, "limits.1.name"],
    ["a lease that is too small", { limits: [{ ...TERMS.limits[1], precision: "leased" }] }, "limits.0.precision"],
    ["a limit's name that would forge a field", { limits: [{ ...TERMS.limits[0], name: 'a"' }] }, "limits.0.name"],
    ["credits of a fraction", { credits: { amount: 1.5, refill: null } }, "credits.amount"],
    [
      "a refill each second",
      { credits: { amount: 1, refill: { amount: 1, interval_seconds: 1 } } },
      "credits.refill.interval_seconds",
    ],
    [
      "notes without end",
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`n${at}`, ""])) },
      "metadata",
    ],
    ["a note that is too long", { metadata: { a: "x".repeat(201) } }, "metadata.a"],
    ["a user that is none", { owner: newUserId(platformRandom) }, "owner"],
    ["a client that is none", { owner: newClientId(platformRandom) }, "owner"],
    ["half an id", { owner: "usr_x" }, "owner"],
    ["a last use of one's own", { last_used_at: "2030-01-01T00:00:00Z" }, "last_used_at"],
  ])("refuses %s and names the field", async (_name, fields, field) => {
    const told = await admin.call("POST", "/keys", { ...BASE, ...fields });
    expect(told.status, told.text).toBe(400);
    expect(told.json.errors.map((error) => error.field)).toEqual([field]);
  });

  it("a prototype is no note", async () => {
    const text = JSON.stringify({ ...BASE, metadata: {} }).replace('"metadata":{}', '"metadata":{"__proto__":"x"}');
    const told = await admin.call("POST", "/keys", text);
    expect(told.text).toContain('"metadata":{}');
  });

  it("a copy with terms of a later release is an outage and opens nothing", async () => {
    const made = await create();
    const hash = await hashOf(made.key);
    const copy = await stores.copies.get<object>(hash, "json");
    await stores.copies.put(hash, JSON.stringify({ ...copy, terms: { moons: ["full"] } }));
    await expect(new KvApiKeys(stores.copies).find(hash)).rejects.toThrow("kv is unavailable");
  });
});

describe("GET /keys/:id/credits", () => {
  const spend = async (id: string, cost: number) => {
    const key = parseApiKeyId(id);
    if (key === null) throw new Error("not a key's id");
    const known = await admin.parts.keys.get(key);
    if (known?.credits == null) throw new Error("no credits");
    return composeCredits(readBindings(env)).spend(key, known.credits, cost);
  };

  it("says what is left and when something comes back; setting them begins anew", async () => {
    const { id } = await create(TERMS);
    await spend(id, 400);
    const told = await admin.call("GET", `/keys/${id}/credits`);
    expect(told.json).toMatchObject({ left: 600 });
    const { created_at } = (await admin.call("GET", `/keys/${id}`)).json;
    expect(told.json.next_refill_at).toBe(new Date(Date.parse(created_at) + 86_400_000).toISOString());
    await admin.call("PATCH", `/keys/${id}`, { credits: { amount: 5, refill: null } });
    expect((await admin.call("GET", `/keys/${id}/credits`)).json).toEqual({ left: 5, next_refill_at: null });
    await admin.call("PATCH", `/keys/${id}`, { credits: null });
    expect((await admin.call("GET", `/keys/${id}/credits`)).json).toEqual({ left: null, next_refill_at: null });
  });

  it("goes with its key", async () => {
    const { id } = await create(TERMS);
    await spend(id, 1);
    await admin.call("DELETE", `/keys/${id}`);
    expect((await admin.call("GET", `/keys/${id}/credits`)).status).toBe(404);
    const counter = need(readBindings(env), "CREDITS").getByName(id);
    expect(await runInDurableObject(counter, (_, state) => [...state.storage.kv.list()].length)).toBe(0);
  });
});

describe("last_used_at", () => {
  it("is the newest that any gate told, changes nothing else, and is nobody's once the key is gone", async () => {
    const { id, key } = await create();
    const parsed = parseApiKeyId(id);
    if (parsed === null) throw new Error("not a key's id");
    const records = composeKeyUseRecords(env);
    const shown = async () => (await admin.call("GET", `/keys/${id}`)).json;
    const before = await shown();
    await records.note([
      { id: parsed, atMs: Date.parse("2026-11-05T10:00:00Z") },
      { id: parsed, atMs: Date.parse("2026-11-05T09:00:00Z") },
    ]);
    await records.note([{ id: parsed, atMs: Date.parse("2026-11-05T08:00:00Z") }]);
    expect(await shown()).toEqual({ ...before, last_used_at: "2026-11-05T10:00:00.000Z" });
    expect(await copyOf(key)).toMatchObject({ epoch: 1 });
    expect((await admin.call("PATCH", `/keys/${id}`, { name: "x" })).json).toMatchObject({
      last_used_at: "2026-11-05T10:00:00.000Z",
    });
    await admin.call("DELETE", `/keys/${id}`);
    await records.note([{ id: parsed, atMs: Date.now() }]);
    expect(await stores.db.prepare("SELECT * FROM api_key_uses WHERE key_id = ?").bind(id).first()).toBeNull();
  });
});

describe("GET /keys", () => {
  it("finds keys by owner, by how they begin and by how they end", async () => {
    const owner = `team ${crypto.randomUUID()}`;
    const live = await create({ owner });
    const test = await create({ owner, environment: "test" });
    const open = await create({ owner, kind: "publishable" });
    await create({ owner: "somebody else" });
    const ids = async (query: string) =>
      (await admin.call("GET", `/keys?owner=${encodeURIComponent(owner)}${query}`)).json.data.map(({ id }) => id);
    expect((await ids("")).toSorted()).toEqual([live.id, test.id, open.id].toSorted());
    expect(await ids("&prefix=sk_live_")).toEqual([live.id]);
    expect(await ids("&prefix=sk_test_")).toEqual([test.id]);
    expect(await ids("&prefix=pk_live_")).toEqual([open.id]);
    expect(await ids("&prefix=pk_test_")).toEqual([]);
    expect(await ids(`&last_four=${test.key.slice(-4)}`)).toContain(test.id);
    expect(await ids(`&prefix=sk_live_&last_four=${live.key.slice(-4)}`)).toEqual([live.id]);
  });

  it("finds them page by page", async () => {
    const owner = `team ${crypto.randomUUID()}`;
    const made = [await create({ owner }), await create({ owner }), await create({ owner })];
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const from = cursor === "" ? "" : `&cursor=${cursor}`;
      const page = await admin.call("GET", `/keys?limit=2&owner=${encodeURIComponent(owner)}${from}`);
      seen.push(...page.json.data.map(({ id }) => id));
      cursor = page.json.next_cursor;
    }
    expect(seen.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
  });

  it.each(["prefix=sk_", "prefix=spr_", "last_four=a%25", "last_four=abcde", "owner="])("refuses %s", async (query) => {
    expect((await admin.call("GET", `/keys?${query}`)).status).toBe(400);
  });

  it("never holds a key's string", async () => {
    const { key } = await create(TERMS);
    expect(await dumpStores()).not.toContain(key);
  });
});

async function hashOf(text: string): Promise<string> {
  const key = parseApiKey(text);
  if (key === null) throw new Error("not a key");
  return hashApiKey(key);
}
