import { beforeAll, describe, expect, it } from "vitest";
import { hashApiKey, parseApiKey } from "../../src/protocol/api_key.ts";
import { FEED_START } from "../../src/protocol/edge_feed.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";

let admin: AdminCaller;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

async function create(fields: object = {}) {
  const told = await admin.call("POST", "/keys", {
    name: "CI",
    environment: "test",
    scopes: ["orders:read"],
    ...fields,
  });
  expect(told.status, told.text).toBe(201);
  return told.json;
}

async function hashOf(text: string): Promise<string> {
  const key = parseApiKey(text);
  if (key === null) throw new Error("not a key");
  return hashApiKey(key);
}

/** What the gate would find in KV. */
async function copyOf(text: string): Promise<unknown> {
  return stores.copies.get(await hashOf(text), "json");
}

async function leastEpoch(id: string): Promise<number> {
  const { entries } = await stores.feed.pull(FEED_START);
  return entries.find((entry) => entry.kind === "api_key" && entry.id === id)?.epoch ?? 0;
}

describe("POST /keys", () => {
  it.each([
    [{ environment: "live" }, "sk_live_"],
    [{ environment: "test" }, "sk_test_"],
    [{ environment: "live", kind: "publishable" }, "pk_live_"],
    [{ environment: "test", kind: "publishable" }, "pk_test_"],
  ])("%j makes a key that begins %s", async (fields, prefix) => {
    const key = await create(fields);
    expect(key.key.startsWith(prefix)).toBe(true);
    expect(parseApiKey(key.key)).not.toBeNull();
  });

  it("answers the key once, announces it, and writes the gate's copy", async () => {
    const made = await create({ roles: ["clerk"] });
    expect(made).toMatchObject({ name: "CI", kind: "secret", roles: ["clerk"], disabled: false, expires_at: null });
    expect(made.secrets).toEqual([{ last_four: made.key.slice(-4), created_at: made.created_at, expires_at: null }]);
    const { key, ...shown } = made;
    expect((await admin.call("GET", `/keys/${made.id}`)).json).toEqual(shown);
    expect(await copyOf(key)).toMatchObject({ id: made.id, scopes: ["orders:read"], epoch: 1, disabled: false });
    expect(await leastEpoch(await hashOf(key))).toBe(1);
    expect(await leastEpoch(made.id), "nothing older exists").toBe(0);
  });

  it.each([
    ["the issuer's own scope", { scopes: ["admin"] }, "scopes.0"],
    ["an unknown scope", { scopes: ["orders:read", "toString"] }, "scopes.1"],
    ["an end in the past", { expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    ["a day that does not exist", { expires_at: "2030-02-30T00:00:00Z" }, "expires_at"],
    ["a time without offset", { expires_at: "2030-01-01T00:00:00" }, "expires_at"],
    ["a number for a time", { expires_at: 1_900_000_000 }, "expires_at"],
    ["an unknown environment", { environment: "staging" }, "environment"],
    ["no environment", { environment: undefined }, "environment"],
    ["an invisible character in its name", { name: "C\u200bI" }, "name"],
    ["an unknown kind", { kind: "constructor" }, "kind"],
    ["a key of one's own", { key: "sk_live_x" }, "key"],
  ])("refuses %s and names the field", async (_name, fields, field) => {
    const told = await admin.call("POST", "/keys", { name: "CI", environment: "test", scopes: [], ...fields });
    expect(told.status).toBe(400);
    expect(told.json.errors.map((error) => error.field)).toEqual([field]);
  });

  it("says why a name is refused", async () => {
    const told = await admin.call("POST", "/keys", { name: "a\u202eb", environment: "test", scopes: [] });
    expect(told.json.errors).toEqual([{ field: "name", reason: "has control or invisible characters" }]);
  });

  it("keeps an end to come", async () => {
    const ends = new Date(Date.now() + DAY_MS).toISOString();
    const made = await create({ expires_at: ends });
    expect(made.expires_at).toBe(ends);
    expect(await copyOf(made.key)).toMatchObject({ expiresAtMs: Date.parse(ends) });
  });
});

describe("GET /keys", () => {
  it("pages, and shows neither string nor digest", async () => {
    const made = [await create(), await create(), await create()];
    const first = await admin.call("GET", "/keys?limit=2");
    expect(first.json.data).toHaveLength(2);
    const rest = await admin.call("GET", `/keys?limit=100&cursor=${first.json.next_cursor}`);
    expect(rest.json.next_cursor).toBeNull();
    const ids = [...first.json.data, ...rest.json.data].map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
    for (const { key } of made) {
      expect(first.text + rest.text).not.toContain(key);
      expect(first.text + rest.text).not.toContain(await hashOf(key));
    }
  });
});

describe("PATCH /keys/:id", () => {
  it("disabling ends the copies without announcing the string; enabling announces it again", async () => {
    const made = await create();
    const hash = await hashOf(made.key);
    const off = await admin.call("PATCH", `/keys/${made.id}`, { disabled: true });
    expect(off.json.disabled).toBe(true);
    expect([await leastEpoch(made.id), await leastEpoch(hash)]).toEqual([2, 1]);
    expect(await copyOf(made.key)).toMatchObject({ disabled: true, epoch: 2 });
    await admin.call("PATCH", `/keys/${made.id}`, { disabled: false });
    expect([await leastEpoch(made.id), await leastEpoch(hash)]).toEqual([3, 3]);
    expect(await copyOf(made.key)).toMatchObject({ disabled: false, epoch: 3 });
  });

  it("changes scopes, roles, name and end", async () => {
    const made = await create();
    const ends = new Date(Date.now() + DAY_MS).toISOString();
    const patch = { scopes: ["orders:write"], roles: ["clerk"], name: "CD", expires_at: ends };
    const told = await admin.call("PATCH", `/keys/${made.id}`, patch);
    expect(told.status).toBe(200);
    expect(told.json).toMatchObject(patch);
    expect(await copyOf(made.key)).toMatchObject({ scopes: ["orders:write"], roles: ["clerk"], epoch: 2 });
    expect((await admin.call("PATCH", `/keys/${made.id}`, { expires_at: null })).json.expires_at).toBeNull();
  });

  it("that changes nothing is 200 without a write", async () => {
    const made = await create();
    const told = await admin.call("PATCH", `/keys/${made.id}`, {
      name: "CI",
      scopes: ["orders:read"],
      disabled: false,
    });
    expect(told.status).toBe(200);
    expect(await leastEpoch(made.id)).toBe(0);
  });

  it.each([
    [{ environment: "live" }, "environment"],
    [{ kind: "secret" }, "kind"],
    [{ scopes: ["admin"] }, "scopes.0"],
    [{ expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    [{ disabled: "yes" }, "disabled"],
    [{ name: null }, "name"],
  ])("refuses %j", async (patch, field) => {
    const made = await create();
    const told = await admin.call("PATCH", `/keys/${made.id}`, patch);
    expect(told.status).toBe(400);
    expect(told.json.errors[0]?.field).toBe(field);
  });
});

describe("DELETE /keys/:id", () => {
  it("is 204, takes the copy away and announces no string; 404 the second time", async () => {
    const made = await create();
    expect((await admin.call("DELETE", `/keys/${made.id}`)).status).toBe(204);
    expect(await copyOf(made.key)).toBeNull();
    expect([await leastEpoch(made.id), await leastEpoch(await hashOf(made.key))]).toEqual([2, 1]);
    for (const [method, path] of [
      ["DELETE", ""],
      ["GET", ""],
      ["PATCH", ""],
      ["POST", "/rotate"],
    ] as const) {
      const body = method === "PATCH" ? { disabled: true } : undefined;
      expect((await admin.call(method, `/keys/${made.id}${path}`, body)).status, method).toBe(404);
    }
  });
});

describe("POST /keys/:id/rotate", () => {
  it("keeps the id, gives a new string, and lets the previous one live for a day unless told otherwise", async () => {
    const made = await create();
    const told = await admin.call("POST", `/keys/${made.id}/rotate`);
    expect(told.status).toBe(201);
    expect(Object.keys(told.json).sort()).toEqual(["id", "key", "previous_expires_at"]);
    expect(told.json.id).toBe(made.id);
    expect(told.json.key).not.toBe(made.key);
    const ends = Date.parse(told.json.previous_expires_at);
    expect(Math.abs(ends - Date.now() - DAY_MS)).toBeLessThan(60_000);
    expect(await copyOf(made.key)).toMatchObject({ secretExpiresAtMs: ends, epoch: 2 });
    expect(await copyOf(told.json.key)).toMatchObject({ secretExpiresAtMs: null, epoch: 2 });
    const { secrets } = (await admin.call("GET", `/keys/${made.id}`)).json;
    expect(secrets.map(({ last_four }) => last_four)).toEqual([told.json.key.slice(-4), made.key.slice(-4)]);
    expect(await leastEpoch(await hashOf(told.json.key))).toBe(2);
    expect(await leastEpoch(await hashOf(made.key)), "still usable").toBe(2);
  });

  it("an overlap of 0 ends the previous string at once", async () => {
    const made = await create();
    const told = await admin.call("POST", `/keys/${made.id}/rotate`, { overlap_seconds: 0 });
    expect(Date.parse(told.json.previous_expires_at)).toBeLessThanOrEqual(Date.now());
    expect(await copyOf(made.key)).toBeNull();
    expect(await leastEpoch(await hashOf(made.key)), "not announced again").toBe(1);
  });

  it("rotating within an overlap would end the string in use: 409, and both strings live on", async () => {
    const first = await create();
    const second = await admin.call("POST", `/keys/${first.id}/rotate`, { overlap_seconds: 3600 });
    const third = await admin.call("POST", `/keys/${first.id}/rotate`, { overlap_seconds: 60 });
    expect([third.status, third.json.code]).toEqual([409, "rotation_in_progress"]);
    expect(third.text).not.toContain("sk_");
    expect(await copyOf(first.key)).toMatchObject({ epoch: 2 });
    expect(await copyOf(second.json.key)).toMatchObject({ epoch: 2, secretExpiresAtMs: null });
  });

  it("an overlap of 0 within an overlap ends every older string at once: the answer to a leak", async () => {
    const first = await create();
    const second = await admin.call("POST", `/keys/${first.id}/rotate`, { overlap_seconds: 3600 });
    const third = await admin.call("POST", `/keys/${first.id}/rotate`, { overlap_seconds: 0 });
    expect(third.status).toBe(201);
    expect([await copyOf(first.key), await copyOf(second.json.key)]).toEqual([null, null]);
    expect(await copyOf(third.json.key)).toMatchObject({ epoch: 3, secretExpiresAtMs: null });
    expect((await admin.call("GET", `/keys/${first.id}`)).json.secrets).toHaveLength(1);
    expect((await admin.call("POST", `/keys/${first.id}/rotate`)).status, "nothing overlaps any more").toBe(201);
  });

  it("20 parallel rotations: one wins, the others are told 409, and both its strings work", async () => {
    const made = await create();
    const calls = Array.from({ length: 20 }, () => admin.call("POST", `/keys/${made.id}/rotate`));
    const told = await Promise.all(calls);
    const won = told.filter(({ status }) => status === 201);
    expect(won).toHaveLength(1);
    const lost = told.filter(({ status }) => status === 409).map(({ json }) => json.code);
    expect(lost).toHaveLength(19);
    expect(lost.filter((code) => code !== "conflict" && code !== "rotation_in_progress")).toEqual([]);
    for (const text of [made.key, won[0]?.json.key ?? ""]) expect(await copyOf(text)).toMatchObject({ epoch: 2 });
  });

  it("another rotation is taken once the overlap is over", async () => {
    const made = await create();
    expect((await admin.call("POST", `/keys/${made.id}/rotate`, { overlap_seconds: 3600 })).status).toBe(201);
    await stores.db.prepare("UPDATE api_key_secrets SET expires_at = 1 WHERE expires_at IS NOT NULL").run();
    expect((await admin.call("POST", `/keys/${made.id}/rotate`, { overlap_seconds: 3600 })).status).toBe(201);
  });

  it("an overlap never outlives the key", async () => {
    const ends = new Date(Date.now() + 60_000).toISOString();
    const made = await create({ expires_at: ends });
    const told = await admin.call("POST", `/keys/${made.id}/rotate`);
    expect(told.json.previous_expires_at).toBe(ends);
  });

  it("a disabled key stays disabled, and its new string is not announced", async () => {
    const made = await create();
    await admin.call("PATCH", `/keys/${made.id}`, { disabled: true });
    const told = await admin.call("POST", `/keys/${made.id}/rotate`);
    expect(told.status).toBe(201);
    expect(await copyOf(told.json.key)).toMatchObject({ disabled: true });
    expect(await leastEpoch(await hashOf(told.json.key))).toBe(0);
  });

  it.each([-1, 1.5, 30 * 86_400 + 1, "60", null])("refuses an overlap of %j", async (overlap_seconds) => {
    const made = await create();
    const told = await admin.call("POST", `/keys/${made.id}/rotate`, { overlap_seconds });
    expect(told.status).toBe(400);
    expect(told.json.errors[0]?.field).toBe("overlap_seconds");
  });
});
