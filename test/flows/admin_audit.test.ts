import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { D1Audit } from "../../src/adapters/d1/audit.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";
import { someDecision } from "../support/audit_trail.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
const audit = new D1Audit(stores.db);
const NOW = Date.parse("2026-11-20T12:00:00Z");
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});
beforeEach(async () => {
  for (const table of ["audit_events", "audit_dead_letters"]) await stores.db.exec(`DELETE FROM ${table}`);
});

describe("GET /admin/v1/audit", () => {
  it("tells an event whole", async () => {
    const event = someDecision({ atMs: NOW, outcome: "denied", status: 403, reason: "scope_missing", rules: ["r1"] });
    await audit.keep([event], []);
    const told = await admin.call("GET", "/audit");
    expect(told.status).toBe(200);
    expect(told.json).toEqual({
      data: [
        {
          id: event.id,
          kind: "decision",
          at: "2026-11-20T12:00:00.000Z",
          request_id: event.requestId,
          actor: {
            kind: "api_key",
            id: event.actor.id,
            issuer: null,
            client_id: null,
            credential_id: event.actor.id,
            address: "192.0.2.7",
          },
          action: "GET",
          target: "/orders",
          route: "GET /orders",
          outcome: "denied",
          reason: "scope_missing",
          status: 403,
          rules: ["r1"],
          changes: {},
          config_hash: null,
        },
      ],
      next_cursor: null,
    });
  });

  it("filters, and pages by a cursor", async () => {
    const events = Array.from({ length: 7 }, (_, at) =>
      someDecision({ atMs: NOW + at, route: at % 2 ? "odd" : "even" }),
    );
    await audit.keep(events, []);
    const until = encodeURIComponent(new Date(NOW + 6).toISOString());
    const first = await admin.call("GET", `/audit?route=even&until=${until}&limit=2`);
    expect(first.json.data.map(({ id }) => id)).toEqual([events[4]?.id, events[2]?.id]);
    const second = await admin.call("GET", `/audit?route=even&until=${until}&limit=2&cursor=${first.json.next_cursor}`);
    expect(second.json.data.map(({ id }) => id)).toEqual([events[0]?.id]);
    expect(second.json.next_cursor).toBeNull();
  });

  it.each([
    ["kind=login", "kind"],
    ["outcome=maybe", "outcome"],
    ["from=yesterday", "from"],
    ["cursor=x", "cursor"],
    ["who=me", "who"],
    ["actor=", "actor"],
    ["limit=101", "limit"],
  ])("`%s` is refused by name", async (query, field) => {
    const told = await admin.call("GET", `/audit?${query}`);
    expect(told.status).toBe(400);
    expect(told.json.errors.map((error) => error.field)).toEqual([field]);
  });

  it("a filter is a value, never SQL", async () => {
    await audit.keep([someDecision()], []);
    const told = await admin.call("GET", `/audit?actor=${encodeURIComponent("' OR 1=1 --")}`);
    expect(told.json.data).toEqual([]);
  });

  it("who looked is in the log, and not in the trail", async () => {
    await admin.call("GET", "/audit");
    expect(logs.events("admin_read")).toMatchObject([
      { action: "list_audit_events", actor: expect.stringMatching(/^cli_/) },
    ]);
    expect((await admin.call("GET", "/audit")).json.data).toEqual([]);
  });

  it.each(["PUT", "PATCH", "DELETE", "POST"])("V16.4.2: %s is nobody's, an operator's neither", async (method) => {
    expect((await admin.call(method, "/audit")).status).toBe(405);
    expect((await admin.call(method, "/audit/dead-letters")).status).toBe(405);
    expect((await admin.call(method, "/audit/evt")).status).toBe(404);
  });

  it("nobody reads it without the scope `admin`", async () => {
    expect((await admin.call("GET", "/audit", undefined, { authorization: "" })).status).toBe(401);
  });
});

describe("dead letters", () => {
  it("are shown, and become events once they can be read", async () => {
    const event = someDecision();
    await audit.keep(
      [],
      [
        { messageId: "m1", foundAtMs: NOW, body: '{"v":2}' },
        { messageId: "m2", foundAtMs: NOW + 1, body: JSON.stringify(event) },
      ],
    );
    const shown = await admin.call("GET", "/audit/dead-letters");
    expect(shown.json.data).toMatchObject([{ message_id: "m2" }, { message_id: "m1", body: '{"v":2}' }]);
    const replayed = await admin.call("POST", "/audit/dead-letters/replay");
    expect(replayed.json).toEqual({ replayed: 1, left: 1 });
    const { json } = await admin.call("GET", `/audit?request_id=${event.requestId}`);
    expect(json.data).toMatchObject([{ id: event.id }]);
    expect((await admin.call("GET", "/audit/dead-letters")).json.data).toHaveLength(1);
  });
});
