import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administer, tokenOf } from "./two_isolates_calls.ts";
import { type Client, type Isolate, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";
import { heard, msUntil } from "./until.ts";

/** The bound of the edge feed, with a round trip to it and the book's loading. */
const BOUND_MS = 3_000 + 500;

let world: TwoIsolates;
let operator: Client;

beforeAll(async () => {
  world = await startTwoIsolates(undefined, fileURLToPath(new URL("configs/permissions.ts", import.meta.url)));
  operator = await world.newClient(["admin"]);
});

afterAll(async () => {
  await world.dispose();
});

const at = (isolate: Isolate, method: string, path: string, body?: object) =>
  administer(isolate, operator, method, path, body);

function knock(isolate: Isolate, path: string, key: string): Promise<number> {
  return heard(async () => (await isolate.call("GET", path, { "x-api-key": key })).status);
}

describe("roles that change at one isolate count at another one that is warm, within 3 s and a round trip", () => {
  it("a permission that is given to a role, and taken back, without a new credential", async () => {
    const made = await at(world.a, "POST", "/keys", {
      name: "reader",
      environment: "test",
      scopes: [],
      roles: ["reader"],
    });
    const key = String(made.key);
    await at(world.a, "POST", "/roles", { id: "reader" });
    expect([await knock(world.a, "/documents", key), await knock(world.b, "/documents", key)]).toEqual([403, 403]);
    await at(world.a, "PATCH", "/roles/reader", { permissions: ["document:read"] });
    expect(await knock(world.a, "/documents", key)).toBe(200);
    const givenMs = await msUntil(200, () => knock(world.b, "/documents", key));
    await at(world.a, "PATCH", "/roles/reader", { permissions: [] });
    expect(await knock(world.a, "/documents", key)).toBe(403);
    const takenMs = await msUntil(403, () => knock(world.b, "/documents", key));
    console.info(`permission: given ${givenMs} ms, taken ${takenMs} ms after the answer`);
    expect(Math.max(givenMs, takenMs)).toBeLessThanOrEqual(BOUND_MS);
  });

  it("a role in a tenant that is given to a key, and taken back", async () => {
    await at(world.a, "POST", "/roles", { id: "member", permissions: ["document:read"] });
    const made = await at(world.a, "POST", "/keys", { name: "member", environment: "test", scopes: [] });
    const [id, key] = [String(made.id), String(made.key)];
    const [acme, globex] = ["/tenants/acme/documents", "/tenants/globex/documents"];
    expect(await knock(world.b, acme, key)).toBe(403);
    const assigned = await at(world.a, "POST", "/assignments", { subject: id, role: "member", tenant: "acme" });
    const givenMs = await msUntil(200, () => knock(world.b, acme, key));
    expect(await knock(world.b, globex, key)).toBe(403);
    await at(world.a, "DELETE", `/assignments/${assigned.id}`);
    const takenMs = await msUntil(403, () => knock(world.b, acme, key));
    console.info(`tenant's role: given ${givenMs} ms, taken ${takenMs} ms after the answer`);
    expect(Math.max(givenMs, takenMs)).toBeLessThanOrEqual(BOUND_MS);
  });

  it("a client's token ends where its role is taken away; its next one has what it was given, attributes too", async () => {
    await at(world.a, "POST", "/roles", { id: "robot", permissions: ["document:read"] });
    const client = await world.newClient(["documents"]);
    await at(world.a, "POST", "/assignments", { subject: client.id, role: "robot" });
    await at(world.a, "PATCH", `/clients/${client.id}`, { attributes: { department: "it" } });
    const token = await tokenOf(world.a, client, "documents");
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ roles: ["robot"], attributes: { department: "it" } });
    const call = async () => (await world.b.call("GET", "/documents", { authorization: `Bearer ${token}` })).status;
    // It may have to hear of the new role first.
    await msUntil(200, call);
    const { data } = await at(world.a, "GET", `/assignments?subject=${client.id}`);
    await at(world.a, "DELETE", `/assignments/${(data as { id: string }[])[0]?.id}`);
    expect(await msUntil(401, call)).toBeLessThanOrEqual(BOUND_MS);
  });
});
