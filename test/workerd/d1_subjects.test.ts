import { beforeAll, describe, expect, it } from "vitest";
import { d1Subjects } from "../../src/adapters/d1/subjects.ts";
import { knownSubjects } from "../../src/adapters/known_subjects.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";

const HOUR_MS = 3_600_000;
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
  await admin.call("POST", "/roles", { id: "editor" });
});

/** The subjects as whoever asks at `nowMs` knows them. */
const known = (nowMs = Date.now()) =>
  knownSubjects({ findSubjects: (kind, ids) => d1Subjects(stores.db, kind, ids) }, () => nowMs);

describe("subjects without a token", () => {
  it("have what the admin API gave them, each kind by itself", async () => {
    const user = (await admin.call("POST", "/users", { email: "asked@example.com", roles: ["staff"] })).json.id;
    const client = (await admin.call("POST", "/clients", { name: "Robot", scopes: ["orders:read"] })).json.id;
    const key = (await admin.call("POST", "/keys", { name: "CI", environment: "test", scopes: ["orders:read"] })).json
      .id;
    const until = new Date(Date.now() + HOUR_MS).toISOString();
    await admin.call("POST", "/assignments", { subject: user, role: "editor", tenant: "acme", until });
    const acme = new Map([["acme", ["editor"]]]);
    expect(await known().find("user", [user, client])).toEqual([
      { kind: "user", id: user, scopes: [], roles: ["staff"], tenantRoles: acme, attributes: {} },
      null,
    ]);
    expect(await known().find("client", [client])).toMatchObject([{ scopes: ["orders:read"], roles: [] }]);
    expect(await known().find("api_key", [key])).toMatchObject([{ kind: "api_key", id: key }]);
    const [later] = await known(Date.now() + HOUR_MS).find("user", [user]);
    expect([later?.roles, later?.tenantRoles]).toEqual([["staff"], undefined]);
  });

  it("who may not act are nobody: disabled, ended, unknown, and names that no id can be", async () => {
    const user = (await admin.call("POST", "/users", { email: "gone@example.com" })).json.id;
    await admin.call("PATCH", `/users/${user}`, { disabled: true });
    const expires_at = new Date(Date.now() + HOUR_MS).toISOString();
    const draft = { name: "CI", environment: "test", scopes: [], expires_at };
    const key = (await admin.call("POST", "/keys", draft)).json.id;
    expect(await known().find("user", [user, "usr_x", "' OR 1=1 --", ""])).toEqual([null, null, null, null]);
    expect(await known(Date.now() + HOUR_MS).find("api_key", [key])).toEqual([null]);
    expect(await known().find("user", [])).toEqual([]);
  });

  it("more than one question may be about are asked for in several", async () => {
    const ids = Array.from({ length: 250 }, (_, at) => `usr_${at}`);
    expect(await known().find("user", ids)).toEqual(Array(250).fill(null));
  });
});
