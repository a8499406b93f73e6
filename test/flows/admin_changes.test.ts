import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { OutboxCourier } from "../../src/ports/outbox.ts";
import { FEED_START } from "../../src/protocol/edge_feed.ts";
import { parseClientId } from "../../src/protocol/ids.ts";
import { type AdminCaller, adminCaller, dumpStores, migrate, stores } from "../support/admin_world.ts";

let admin: AdminCaller;
const DOWN = new Outage("outbox");

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function createClient() {
  return (await admin.call("POST", "/clients", { name: "Robot", scopes: ["orders:read"] })).json;
}

async function createKey() {
  return (await admin.call("POST", "/keys", { name: "CI", environment: "test", scopes: [] })).json;
}

/** An operator whose courier can be expected, but delivers as `deliver` does. */
function withDelivery(deliver: OutboxCourier["deliver"]): Promise<AdminCaller> {
  const { courier } = admin.parts;
  return adminCaller({ courier: { expect: () => courier.expect(), deliver } });
}

describe("DESIGN 4: a change and its announcement are one", () => {
  it.each([
    ["says that something is left", () => Promise.resolve(false)],
    ["throws", () => Promise.reject(DOWN)],
  ])("when the courier %s the caller gets 202 with the same body, and the alarm delivers", async (_name, deliver) => {
    const { id } = await createKey();
    const slow = await withDelivery(deliver);
    const told = await slow.call("PATCH", `/keys/${id}`, { disabled: true });
    expect(told.status).toBe(202);
    expect(told.json).toMatchObject({ id, disabled: true });
    expect((await stores.feed.pull(FEED_START)).entries.some((entry) => entry.id === id)).toBe(false);
    expect(await runDurableObjectAlarm(stores.courierStub())).toBe(true);
    const { entries } = await stores.feed.pull(FEED_START);
    expect(entries.find((entry) => entry.id === id)).toMatchObject({ kind: "api_key", epoch: 2 });
  });

  it("every act that tells gates is 202 while they cannot be told", async () => {
    const [client, key] = [await createClient(), await createKey()];
    const slow = await withDelivery(() => Promise.resolve(false));
    const acts = [
      ["POST", "/keys", { name: "x", environment: "live", scopes: [] }],
      ["POST", `/keys/${key.id}/rotate`, undefined],
      ["DELETE", `/keys/${key.id}`, undefined],
      ["POST", `/clients/${client.id}/secrets`, undefined],
      ["DELETE", `/clients/${client.id}/secrets/${client.client_secret_id}`, undefined],
      ["PATCH", `/clients/${client.id}`, { name: "y" }],
      ["DELETE", `/clients/${client.id}`, undefined],
    ] as const;
    for (const [method, path, body] of acts) expect((await slow.call(method, path, body)).status, path).toBe(202);
    await admin.parts.courier.deliver();
  });

  it("when no alarm can be set nothing is changed: 503 with Retry-After", async () => {
    const [client, key] = [await createClient(), await createKey()];
    const before = await dumpStores();
    const down = await adminCaller({
      courier: { expect: () => Promise.reject(DOWN), deliver: () => Promise.resolve(true) },
    });
    const acts = [
      ["POST", "/keys", { name: "x", environment: "live", scopes: [] }],
      ["PATCH", `/keys/${key.id}`, { disabled: true }],
      ["POST", `/keys/${key.id}/rotate`, undefined],
      ["DELETE", `/keys/${key.id}`, undefined],
      ["POST", `/clients/${client.id}/secrets`, undefined],
      ["DELETE", `/clients/${client.id}/secrets/${client.client_secret_id}`, undefined],
      ["PATCH", `/clients/${client.id}`, { disabled: true }],
      ["DELETE", `/clients/${client.id}`, undefined],
    ] as const;
    for (const [method, path, body] of acts) {
      const told = await down.call(method, path, body);
      expect([told.status, told.json.code], path).toEqual([503, "temporarily_unavailable"]);
      expect(told.headers.get("retry-after")).not.toBeNull();
    }
    expect(await dumpStores()).toBe(before);
  });

  it("a fault that nobody expected is 500 and says nothing", async () => {
    const broken = await adminCaller({
      clients: { ...admin.parts.clients, list: () => Promise.reject(new Error("SELECT secret FROM inside")) },
    });
    const told = await broken.call("GET", "/clients");
    expect([told.status, told.json.code]).toEqual([500, "internal_error"]);
    expect(told.text).not.toContain("SELECT");
  });
});

describe("parallel changes", () => {
  it("20 parallel secrets leave at most two live", async () => {
    const { id } = await createClient();
    const calls = Array.from({ length: 20 }, () => admin.call("POST", `/clients/${id}/secrets`));
    const told = await Promise.all(calls);
    const made = told.filter(({ status }) => status === 201);
    expect(made.length).toBe(1);
    for (const { status, json } of told.filter((one) => one.status !== 201)) {
      expect(status).toBe(409);
      expect(["conflict", "too_many_secrets"]).toContain(json.code);
    }
    expect((await admin.call("GET", `/clients/${id}/secrets`)).json.data).toHaveLength(2);
  });

  it.each(["clients", "keys"])(
    "20 parallel PATCHes of %s: each is in the history or is told of a conflict",
    async (kind) => {
      const { id } = await (kind === "clients" ? createClient() : createKey());
      const names = Array.from({ length: 20 }, (_, at) => `name ${at}`);
      const told = await Promise.all(names.map((name) => admin.call("PATCH", `/${kind}/${id}`, { name })));
      const won = told.filter(({ status }) => status === 200);
      expect(told.every(({ status }) => status === 200 || status === 409)).toBe(true);
      expect(won.length).toBeGreaterThan(0);
      const [table, counter] = kind === "clients" ? ["clients", "version"] : ["api_keys", "epoch"];
      const row = stores.db.prepare(`SELECT ${counter} AS n FROM ${table} WHERE id = ?`).bind(id);
      expect(await row.first("n")).toBe(1 + won.length);
      expect(won.map(({ json }) => json.name)).toContain((await admin.call("GET", `/${kind}/${id}`)).json.name);
    },
  );

  it("20 parallel rotations leave at most two strings, and every other caller hears of a conflict", async () => {
    const { id } = await createKey();
    const told = await Promise.all(Array.from({ length: 20 }, () => admin.call("POST", `/keys/${id}/rotate`)));
    expect(told.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const rows = stores.db.prepare("SELECT count(*) AS n FROM api_key_secrets WHERE key_id = ?").bind(id);
    expect(await rows.first("n")).toBeLessThanOrEqual(2);
  });

  it.each(["clients", "keys"])("changes of %s that race with deletion never bring it back", async (kind) => {
    const { id } = await (kind === "clients" ? createClient() : createKey());
    const patches = Array.from({ length: 10 }, (_, at) => admin.call("PATCH", `/${kind}/${id}`, { name: `n${at}` }));
    const deletions = Array.from({ length: 10 }, () => admin.call("DELETE", `/${kind}/${id}`));
    const told = await Promise.all([...patches, ...deletions]);
    for (const { status, text } of told) expect([200, 204, 404, 409], text).toContain(status);
    const last = await admin.call("DELETE", `/${kind}/${id}`);
    expect([204, 404]).toContain(last.status);
    expect((await admin.call("GET", `/${kind}/${id}`)).status).toBe(404);
  });
});

describe("deletion names the epoch that was read", () => {
  it("a client that changed since is a conflict, and neither it nor the outbox is touched", async () => {
    const { clients } = admin.parts;
    const id = parseClientId((await createClient()).id);
    const before = id === null ? null : await clients.find(id);
    if (before === null) throw new Error("no client");
    // This grows the epoch: tokens minted from now on would survive an entry that names the old one.
    expect((await admin.call("PATCH", `/clients/${id}`, { scopes: [] })).status).toBe(200);
    const rows = await dumpStores();
    const entry = { kind: "client", id: before.client.id, epoch: 2, untilMs: Date.now() + 60_000 } as const;
    expect(await clients.delete(before.client, [entry])).toBe("conflict");
    expect(await dumpStores()).toBe(rows);
  });
});

describe("secrets are shown once and kept nowhere", () => {
  it("no later answer, no row, no copy and no log line holds one", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "info").mockImplementation((line: string) => void lines.push(line));
    const client = await createClient();
    const added = await admin.call("POST", `/clients/${client.id}/secrets`);
    const key = await createKey();
    const rotated = await admin.call("POST", `/keys/${key.id}/rotate`);
    const secrets = [client.client_secret, added.json.client_secret, key.key, rotated.json.key];
    expect(new Set(secrets).size).toBe(4);
    const reads = [
      "/clients?limit=100",
      `/clients/${client.id}`,
      `/clients/${client.id}/secrets`,
      "/keys?limit=100",
      `/keys/${key.id}`,
    ];
    const told = await Promise.all(reads.map((path) => admin.call("GET", path)));
    const patched = await admin.call("PATCH", `/keys/${key.id}`, { name: "z" });
    const everything = [await dumpStores(), ...lines, ...[...told, patched].map(({ text }) => text)].join("\n");
    for (const secret of secrets) {
      expect(everything).not.toContain(secret);
      expect(everything, "nor most of it").not.toContain(secret.slice(8, -4));
    }
    expect(lines.join("\n")).toContain("admin_change");
  });
});

describe("STYLE 33: one line per act, with who, what and what came of it", () => {
  it("is written for changes that were made and for those that were not", async () => {
    const { id } = await createClient();
    const lines: string[] = [];
    vi.spyOn(console, "info").mockImplementation((line: string) => void lines.push(line));
    const done = await admin.call("PATCH", `/clients/${id}`, { disabled: true });
    await admin.call("PATCH", `/clients/${id}`, { disabled: true });
    await admin.call("PATCH", `/clients/${id}`, { nope: 1 });
    await admin.call("GET", `/clients/${id}`);
    const told = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "admin_change");
    expect(told).toMatchObject([
      { action: "change_client", object_id: id, result: "announced", request_id: done.headers.get("x-request-id") },
      { action: "change_client", object_id: id, result: "unchanged" },
      { action: "change_client", object_id: id, result: "validation_failed" },
    ]);
    for (const { actor, token_id } of told) {
      expect(actor).toMatch(/^cli_/);
      expect(token_id).toMatch(/^[\w-]{22}$/);
    }
  });

  it("says so when nobody knows whether the change was made", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "info").mockImplementation((line: string) => void lines.push(line));
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { id } = await createClient();
    const down = await adminCaller({
      courier: { expect: () => Promise.reject(DOWN), deliver: () => Promise.resolve(true) },
    });
    await down.call("DELETE", `/clients/${id}`);
    const told = lines.map((line) => JSON.parse(line)).filter(({ action }) => action === "delete_client");
    expect(told).toMatchObject([{ event: "admin_change", object_id: id, result: "failed" }]);
  });
});
