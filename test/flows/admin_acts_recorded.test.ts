import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1Audit } from "../../src/adapters/d1/audit.ts";
import type { AdminChangeEvent } from "../../src/protocol/audit_event.ts";
import { type AdminCaller, adminCaller, adminParts, migrate, stores } from "../support/admin_world.ts";
import { memoryQueue } from "../support/audit_trail.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { registerUser } from "../support/grant_world.ts";
import { captureLogs, secret } from "../support/logs.ts";

const logs = captureLogs();
const audit = new D1Audit(stores.db);
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});
beforeEach(async () => {
  await stores.db.exec("DELETE FROM audit_events");
});

/** The trail, the oldest first. */
async function recorded(): Promise<AdminChangeEvent[]> {
  const records = await audit.list(100, null, { kind: "admin_change" });
  return [...records].sort((a, b) => a.seq - b.seq).map(({ event }) => event as AdminChangeEvent);
}

const newKey = async (changes: object = {}) => {
  const asked = { name: "billing", environment: "live", scopes: ["orders:read"], ...changes };
  const { json } = await admin.call("POST", "/keys", asked);
  secret(json.key);
  return json;
};

describe("a change in the store", () => {
  it("is one event, in its own transaction: who, what, and each field that differs, before and after", async () => {
    const { id } = await newKey();
    const told = await admin.call(
      "PATCH",
      `/keys/${id}`,
      { scopes: [], disabled: true },
      { "cf-connecting-ip": "192.0.2.9" },
    );
    const requestId = told.headers.get("x-request-id");
    const [made, changed, ...others] = await recorded();
    expect(others).toEqual([]);
    expect(made).toMatchObject({
      action: "create_key",
      target: id,
      outcome: "changed",
      changes: { name: { after: "billing" }, disabled: { after: false }, secrets: { after: [expect.any(String)] } },
    });
    expect(changed).toEqual({
      v: 1,
      kind: "admin_change",
      id: `${requestId}/done/${id}`,
      atMs: expect.any(Number),
      requestId,
      actor: {
        kind: "client",
        id: expect.stringMatching(/^cli_/),
        issuer: admin.parts.issuerUrl,
        clientId: expect.stringMatching(/^cli_/),
        credentialId: expect.any(String),
        address: "192.0.2.9",
      },
      action: "change_key",
      target: id,
      outcome: "changed",
      reason: null,
      changes: { scopes: { before: ["orders:read"], after: [] }, disabled: { before: false, after: true } },
    });
  });

  it("that was not made leaves none: refused, unchanged, not found, invalid", async () => {
    const { id } = await newKey();
    await stores.db.exec("DELETE FROM audit_events");
    await admin.call("PATCH", `/keys/${id}`, { disabled: false });
    await admin.call("PATCH", `/keys/${id}`, { scopes: ["no:such"] });
    await admin.call("PATCH", `/keys/${id}`, { nonsense: 1 });
    await admin.call("DELETE", "/keys/key_0000000000000000000000");
    expect(await recorded()).toEqual([]);
  });

  it("of several at the same time, those are recorded that were made", async () => {
    const { id } = await newKey();
    await stores.db.exec("DELETE FROM audit_events");
    const acts = Array.from({ length: 6 }, (_, at) => admin.call("PATCH", `/keys/${id}`, { name: `n${at}` }));
    const statuses = (await Promise.all([...acts, admin.call("DELETE", `/keys/${id}`)])).map(({ status }) => status);
    const done = statuses.filter((status) => status < 300).length;
    expect(done).toBeGreaterThan(0);
    expect(await recorded()).toHaveLength(done);
  });

  it("cannot be made without its record", async () => {
    const { id } = await newKey();
    const cut = await adminCaller(adminParts({ DB: databaseWithout("audit_events") }));
    expect((await cut.call("PATCH", `/keys/${id}`, { disabled: true })).status).toBe(503);
    expect((await admin.call("GET", `/keys/${id}`)).json.disabled).toBe(false);
  });

  it("a rotation tells that the strings changed, by their last four characters", async () => {
    const { id } = await newKey();
    await stores.db.exec("DELETE FROM audit_events");
    const { json } = await admin.call("POST", `/keys/${id}/rotate`, { overlap_seconds: 0 });
    const [event] = await recorded();
    expect(event).toMatchObject({
      action: "rotate_key",
      changes: { secrets: { after: [secret(json.key).slice(-4)] } },
    });
    expect(Object.keys(event?.changes ?? {})).toEqual(["secrets"]);
  });
});

describe("a change beyond the store", () => {
  it("is recorded before and after", async () => {
    const user = await registerUser();
    await admin.call("DELETE", `/users/${user.id}/sessions`);
    expect(await recorded()).toMatchObject([
      { action: "end_user_sessions", target: user.id, outcome: "attempted" },
      { action: "end_user_sessions", target: user.id, outcome: "changed" },
    ]);
  });

  it("one that touches both is told once by the store, with its fields", async () => {
    const user = await registerUser();
    await admin.call("PATCH", `/users/${user.id}`, { disabled: true });
    await admin.call("PATCH", `/users/${user.id}`, { roles: [] });
    expect(await recorded()).toMatchObject([
      { outcome: "attempted" },
      { outcome: "changed", changes: { disabled: { before: false, after: true } } },
      { outcome: "attempted" },
      { outcome: "unchanged" },
    ]);
  });

  it("one that is refused says why, and takes no word of the caller for an id", async () => {
    await admin.call("DELETE", "/users/usr_0000000000000000000000/sessions");
    await admin.call("DELETE", `/users/${secret("a-secret-in-the-wrong-place")}/sessions`);
    const events = await recorded();
    expect(events.map(({ outcome, reason, target }) => [outcome, reason, target])).toEqual([
      ["attempted", null, "usr_0000000000000000000000"],
      ["refused", "not_found", "usr_0000000000000000000000"],
      ["attempted", null, null],
      ["refused", "not_found", null],
    ]);
  });

  it("is made while the trail's table is out: its record takes the queue's way", async () => {
    const user = await registerUser();
    const queue = memoryQueue();
    const { acts } = adminParts({ DB: databaseWithout("audit_events"), AUDIT: queue.binding });
    const cut = await adminCaller({ acts });
    expect((await cut.call("DELETE", `/users/${user.id}/sessions`)).status).toBe(204);
    expect(queue.events).toMatchObject([{ outcome: "attempted" }, { outcome: "changed", target: user.id }]);
  });

  it("and while the queue is out as well: then it is in the log whole", async () => {
    const user = await registerUser();
    const queue = memoryQueue();
    queue.health = "failing";
    const { acts } = adminParts({ DB: databaseWithout("audit_events"), AUDIT: queue.binding });
    const cut = await adminCaller({ acts });
    expect((await cut.call("DELETE", `/users/${user.id}/sessions`)).status).toBe(204);
    const events = logs.events("audit_undelivered").map((line) => JSON.parse(String(line.audit_event)));
    expect(events).toMatchObject([{ outcome: "attempted" }, { outcome: "changed", target: user.id }]);
  });
});

describe("no secret is recorded", () => {
  it("of clients, keys and people, whatever operators write into them", async () => {
    const planted = ["note", "query", "userinfo", "profile"].map((place) => `planted-in-the-${place}`);
    const [note, query, userinfo, profile] = planted;
    const key = await newKey({ metadata: { purpose: note } });
    await admin.call("PATCH", `/keys/${key.id}`, { metadata: { purpose: `${note}-2` } });
    const rotated = await admin.call("POST", `/keys/${key.id}/rotate`);
    const client = await admin.call("POST", "/clients", {
      name: "shop",
      grant_types: ["authorization_code"],
      redirect_uris: [`https://shop.example/cb?token=${query}`],
      scopes: [],
    });
    const machine = await admin.call("POST", "/clients", {
      name: "m",
      grant_types: ["client_credentials"],
      scopes: [],
    });
    const second = await admin.call("POST", `/clients/${machine.json.id}/secrets`);
    const email = `planted-${userinfo}@example.org`;
    const person = await admin.call("POST", "/users", { email, profile: { name: profile } });
    await admin.call("PATCH", `/users/${person.json.id}`, { profile: { name: `${profile}-2` } });
    expect([client.status, machine.status, second.status, person.status]).toEqual([201, 201, 201, 201]);
    const { results } = await stores.db.prepare("SELECT * FROM audit_events").all();
    const everything = JSON.stringify(results);
    expect(results.length).toBeGreaterThanOrEqual(9);
    const texts = [
      key.key,
      rotated.json.key,
      client.json.client_secret,
      machine.json.client_secret,
      second.json.client_secret,
    ];
    for (const text of [...texts.filter((one) => one !== undefined), ...planted, email]) {
      expect(everything).not.toContain(text);
    }
    const hashes = await stores.db
      .prepare("SELECT hash FROM api_key_secrets UNION SELECT hash FROM client_secrets")
      .all<{ hash: string }>();
    expect(hashes.results.length).toBeGreaterThan(2);
    for (const { hash } of hashes.results) expect(everything).not.toContain(hash);
    expect(everything).toContain("https://shop.example/cb");
    expect(everything).toContain("purpose");
  });
});
