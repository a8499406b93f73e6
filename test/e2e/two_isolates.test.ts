import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { hashApiKey, newApiKey } from "../../src/protocol/api_key.ts";
import { newApiKeyId } from "../../src/protocol/ids.ts";
import { administer, knock, revoke, tokenOf } from "./two_isolates_calls.ts";
import { type Client, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";
import { msUntil } from "./until.ts";

/** The bound of the edge feed, with a round trip to it. */
const BOUND_MS = 3_000 + 250;
const READ = "orders:read";

let world: TwoIsolates;
let operator: Client;
let client: Client;

beforeAll(async () => {
  world = await startTwoIsolates();
  operator = await world.newClient(["admin"]);
  client = await world.newClient([READ]);
});

afterAll(async () => {
  await world.dispose();
});

function told(what: string, ms: number): void {
  console.info(`${what}: ${ms} ms after the answer`);
}

async function newKey(): Promise<{ id: string; key: string }> {
  const body = { name: "test key", environment: "live", scopes: [READ] };
  const { id, key } = await administer(world.a, operator, "POST", "/keys", body);
  return { id: String(id), key: String(key) };
}

describe("what ends at one isolate ends at another one that is warm, within 3 s and a round trip", () => {
  it("a revoked token; its client's other token goes on", async () => {
    const [token, bystander] = [await tokenOf(world.a, client, READ), await tokenOf(world.b, client, READ)];
    expect([await knock(world.b, token), await knock(world.b, bystander)]).toEqual([200, 200]);
    expect(await revoke(world.a, client, token)).toBe(200);
    const startMs = Date.now();
    expect(await knock(world.a, token)).toBe(401);
    const ms = await msUntil(401, () => knock(world.b, token), startMs);
    told("revoked token", ms);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
    expect(await knock(world.b, bystander)).toBe(200);
  });

  it("a disabled key, and it works again once it is enabled; another key goes on", async () => {
    const [own, bystander] = [await newKey(), await newKey()];
    expect([await knock(world.b, own.key), await knock(world.b, bystander.key)]).toEqual([200, 200]);
    await administer(world.a, operator, "PATCH", `/keys/${own.id}`, { disabled: true });
    const disabledMs = await msUntil(401, () => knock(world.b, own.key));
    told("disabled key", disabledMs);
    expect(disabledMs).toBeLessThanOrEqual(BOUND_MS);
    expect(await knock(world.b, bystander.key)).toBe(200);
    await administer(world.a, operator, "PATCH", `/keys/${own.id}`, { disabled: false });
    const enabledMs = await msUntil(200, () => knock(world.b, own.key));
    told("enabled key", enabledMs);
    expect(enabledMs).toBeLessThanOrEqual(BOUND_MS);
  });

  it("a deleted key", async () => {
    const { id, key } = await newKey();
    expect(await knock(world.b, key)).toBe(200);
    await administer(world.a, operator, "DELETE", `/keys/${id}`);
    const ms = await msUntil(401, () => knock(world.b, key));
    told("deleted key", ms);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
  });

  it("a deleted key whose old copy is back in KV, as a location far away would go on reading it: refused all the same", async () => {
    const { id, key } = await newKey();
    const hash = await hashApiKey(key as Parameters<typeof hashApiKey>[0]);
    expect(await knock(world.b, key)).toBe(200);
    const old = (await world.copies.get(hash, "text")) ?? "";
    await administer(world.a, operator, "DELETE", `/keys/${id}`);
    const startMs = Date.now();
    expect(old, "the copy from before").toContain(id);
    await world.copies.put(hash, old);
    const ms = await msUntil(401, () => knock(world.b, key), startMs);
    told("deleted key, with a stale KV", ms);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
    expect(await world.copies.get(hash, "text"), "which KV still has").toBe(old);
    expect([await knock(world.a, key), await knock(world.b, key)]).toEqual([401, 401]);
  });

  it("a deleted client's tokens, and it gets no more of them at either isolate", async () => {
    const gone = await world.newClient([READ]);
    const token = await tokenOf(world.b, gone, READ);
    expect(await knock(world.b, token)).toBe(200);
    await administer(world.a, operator, "DELETE", `/clients/${gone.id}`);
    const ms = await msUntil(401, () => knock(world.b, token));
    told("deleted client", ms);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
    await expect(tokenOf(world.a, gone, READ)).rejects.toThrow("401");
    await expect(tokenOf(world.b, gone, READ)).rejects.toThrow("401");
    expect(await knock(world.b, await tokenOf(world.b, client, READ))).toBe(200);
  });

  it("a disabled client's tokens", async () => {
    const off = await world.newClient([READ]);
    const token = await tokenOf(world.b, off, READ);
    expect(await knock(world.b, token)).toBe(200);
    await administer(world.a, operator, "PATCH", `/clients/${off.id}`, { disabled: true });
    const ms = await msUntil(401, () => knock(world.b, token));
    told("disabled client", ms);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
    await expect(tokenOf(world.b, off, READ)).rejects.toThrow("401");
  });
});

describe("what begins at one isolate", () => {
  it("a new key opens the other one at its first knock", async () => {
    const { key } = await newKey();
    expect(await knock(world.b, key)).toBe(200);
  });

  it("a key that was asked for in vain just before opens within the bound, not after the memory of its absence", async () => {
    const text = newApiKey("secret", "live", platformRandom);
    expect([await knock(world.b, text), await knock(world.b, text)]).toEqual([401, 401]);
    await insertKey(text);
    // Any change at A makes the courier carry what lies in the outbox.
    await newKey();
    const ms = await msUntil(200, () => knock(world.b, text));
    told("new key, asked for in vain before", ms);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
  });
});

describe("signing keys", () => {
  it("after a rotation new tokens verify at the other isolate at once, and old ones too", async () => {
    const old = await tokenOf(world.a, client, READ);
    expect(await knock(world.b, old)).toBe(200);
    const told = await administer(world.a, operator, "POST", "/signing-keys/rotate");
    const rotations = told.rotations as { readonly outcome: string }[];
    expect(
      rotations.map(({ outcome }) => outcome),
      "each algorithm",
    ).toEqual(rotations.map(() => "rotated"));
    expect(rotations.length).toBeGreaterThan(1);
    const fresh = await tokenOf(world.a, client, READ);
    expect(kidOf(fresh)).not.toBe(kidOf(old));
    expect([await knock(world.b, fresh), await knock(world.b, old)]).toEqual([200, 200]);
  });

  it("after an emergency old tokens die at the other isolate within the bound, and new ones open it", async () => {
    const old = await tokenOf(world.a, client, READ);
    expect(await knock(world.b, old)).toBe(200);
    await administer(world.a, operator, "POST", "/signing-keys/rotate", { emergency: true });
    const startMs = Date.now();
    const fresh = await tokenOf(world.a, client, READ);
    expect(kidOf(fresh)).not.toBe(kidOf(old));
    const ms = await msUntil(401, () => knock(world.b, old), startMs);
    told("token of a withdrawn key", ms);
    expect(ms).toBeLessThanOrEqual(BOUND_MS);
    expect(await msUntil(200, () => knock(world.b, fresh), startMs)).toBeLessThanOrEqual(BOUND_MS);
    expect(await knock(world.b, await tokenOf(world.b, client, READ))).toBe(200);
  });
});

/** A key whose string is known before it exists, written as the admin API writes one. */
async function insertKey(text: string): Promise<void> {
  const id = newApiKeyId(platformRandom);
  const hash = await hashApiKey(text as Parameters<typeof hashApiKey>[0]);
  const { db } = world;
  await db.batch([
    db
      .prepare(
        `INSERT INTO api_keys (id, name, environment, kind, scopes, roles, created_at, updated_at)
         VALUES (?, 'known before', 'live', 'secret', ?, '[]', 0, 0)`,
      )
      .bind(id, JSON.stringify([READ])),
    db.prepare("INSERT INTO api_key_secrets (hash, key_id, last_four, created_at) VALUES (?, ?, '', 0)").bind(hash, id),
    db
      .prepare("INSERT INTO outbox (kind, subject, epoch, until, project) VALUES ('api_key', ?, 1, ?, ?)")
      .bind(hash, Date.now() + 300_000, JSON.stringify([hash])),
  ]);
}

function kidOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
}
