import { beforeAll, beforeEach, expect, it } from "vitest";
import { D1Audit } from "../../src/adapters/d1/audit.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";
import { someDecision } from "../support/audit_trail.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
const audit = new D1Audit(stores.db);
const NOW = Date.parse("2026-11-20T12:00:00Z");
const LINES = { accept: "application/x-ndjson" };
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});
beforeEach(async () => {
  await stores.db.exec("DELETE FROM audit_events");
});

const linesOf = (text: string) => text.split("\n").map((line) => (line === "" ? null : JSON.parse(line)));

it("the trail goes out as lines, all pages of it, each event as a page tells it, by the same filters", async () => {
  const events = Array.from({ length: 1_100 }, (_, at) =>
    someDecision({ atMs: NOW + at, route: at % 2 ? "odd" : "even" }),
  );
  await audit.keep(events, []);
  const told = await admin.call("GET", "/audit", undefined, LINES);
  expect([told.status, told.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  const lines = linesOf(told.text);
  expect(lines.slice(0, -2).map(({ id }) => id)).toEqual(events.map(({ id }) => id).toReversed());
  expect(lines.slice(-2)).toEqual([{ next_cursor: null }, null]);
  const page = await admin.call("GET", "/audit?limit=3");
  expect(lines.slice(0, 3)).toEqual(page.json.data);
  const query = `route=even&until=${encodeURIComponent(new Date(NOW + 6).toISOString())}`;
  const some = linesOf((await admin.call("GET", `/audit?${query}`, undefined, LINES)).text);
  expect(some.slice(0, -2).map(({ id }) => id)).toEqual([4, 2, 0].map((at) => events[at]?.id));
  const behind = await admin.call("GET", `/audit?limit=1&cursor=${page.json.next_cursor}`, undefined, LINES);
  expect(linesOf(behind.text)).toHaveLength(1_100 - 3 + 2);
});

it("who takes anything gets a page, and what is wrong with the question is a problem in either shape", async () => {
  expect((await admin.call("GET", "/audit", undefined, { accept: "*/*" })).json).toEqual({
    data: [],
    next_cursor: null,
  });
  const wrong = await admin.call("GET", "/audit?outcome=maybe&cursor=x", undefined, LINES);
  expect([wrong.status, wrong.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
  expect((await admin.call("GET", "/audit?cursor=x", undefined, LINES)).json.errors).toMatchObject([
    { field: "cursor" },
  ]);
});

it("it is for operators alone, reading it is told, and an outage is one before anything is sent", async () => {
  expect((await admin.call("GET", "/audit", undefined, { ...LINES, authorization: "" })).status).toBe(401);
  await admin.call("GET", "/audit", undefined, LINES);
  expect(logs.events("admin_read")).toMatchObject([{ action: "list_audit_events" }]);
  const broken = await adminCaller({ audit: new D1Audit(databaseWithout("audit_events")) });
  expect((await broken.call("GET", "/audit", undefined, LINES)).status).toBe(503);
});

it("other lists have no lines, and the document says who has", async () => {
  const clients = await admin.call("GET", "/clients", undefined, LINES);
  expect(clients.headers.get("content-type")).toBe("application/json");
  const document = await admin.call("GET", "/openapi.json");
  const paths = document.json.paths as unknown as Record<
    string,
    { get?: { responses: Record<string, { content?: object }> } }
  >;
  const withLines = Object.entries(paths).filter(
    ([, { get }]) => get !== undefined && "application/x-ndjson" in (get.responses["200"]?.content ?? {}),
  );
  expect(withLines.map(([path]) => path)).toEqual(["/admin/v1/audit"]);
});
