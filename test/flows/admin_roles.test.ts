import { beforeAll, describe, expect, it } from "vitest";
import { FEED_START } from "../../src/protocol/edge_feed.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";

let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

async function define(id: string, fields: object = {}) {
  const told = await admin.call("POST", "/roles", { id, ...fields });
  expect(told.status, told.text).toBe(201);
  return told.json;
}

/** The book as the feed points at it, and as D1 and KV have it. */
async function published() {
  const { entries } = await stores.feed.pull(FEED_START);
  const pointers = entries.filter(({ kind }) => kind === "role");
  const book = await stores.db.prepare("SELECT version, hash, body FROM role_books").all();
  const copy = await stores.copies.get(`roles:${pointers[0]?.id}`);
  return { pointers, books: book.results, copy };
}

describe("roles", () => {
  it("are defined, read, listed, changed, replaced and deleted, each time one version later", async () => {
    const made = await define("writer", { description: "Writes", permissions: ["note:read", "note:write"] });
    expect(made).toMatchObject({ id: "writer", permissions: ["note:read", "note:write"], inherits: [], version: 1 });
    expect((await admin.call("GET", "/roles/writer")).json).toEqual(made);
    const changed = await admin.call("PATCH", "/roles/writer", { permissions: ["note:*"] });
    expect([changed.status, changed.json]).toMatchObject([200, { description: "Writes", version: 2 }]);
    const replaced = await admin.call("PUT", "/roles/writer", { permissions: ["note:read"], version: 2 });
    expect(replaced.json).toMatchObject({ description: "", permissions: ["note:read"], version: 3 });
    expect((await admin.call("GET", "/roles")).json.data.map(({ id }) => id)).toContain("writer");
    expect((await admin.call("DELETE", "/roles/writer?version=3")).status).toBe(204);
    expect((await admin.call("GET", "/roles/writer")).status).toBe(404);
  });

  it("are told to gates as one book: in D1, in the feed, and in a copy under its hash", async () => {
    await define("viewer", { permissions: ["document:read"] });
    await define("editor", { permissions: ["document:update"], inherits: ["viewer"] });
    const { pointers, books, copy } = await published();
    expect(pointers).toHaveLength(1);
    expect(books).toMatchObject([{ version: pointers[0]?.epoch, hash: pointers[0]?.id, body: copy }]);
    expect(JSON.parse(copy ?? "").roles).toContainEqual({
      id: "editor",
      permissions: ["document:update"],
      includes: ["viewer"],
    });
  });

  it("are recorded in the audit trail with what changed", async () => {
    await define("recorded", { permissions: ["a:b"] });
    await admin.call("PATCH", "/roles/recorded", { permissions: ["a:c"] });
    const { json } = await admin.call("GET", "/audit?target=recorded");
    expect(json.data).toMatchObject([
      { action: "change_role", outcome: "changed", changes: { permissions: { before: ["a:b"], after: ["a:c"] } } },
      { action: "create_role", outcome: "changed" },
    ]);
  });

  it.each([
    [{ id: "a b" }, "id"],
    [{ id: "__proto__" }, "id"],
    [{ id: "x".repeat(65) }, "id"],
    [{ id: "sk_live_0123" }, "id"],
    [{ id: "bad", permissions: ["*"] }, "permissions.0"],
    [{ id: "bad", permissions: ["a:b", "a:b"] }, "permissions.1"],
    [{ id: "bad", permissions: ["A:b"] }, "permissions.0"],
    [{ id: "bad", permissions: Array.from({ length: 101 }, (_, at) => `a:b${at}`) }, "permissions"],
    [{ id: "bad", inherits: ["ghost"] }, "inherits.0"],
    [{ id: "bad", inherits: ["bad"] }, "inherits.0"],
    [{ id: "bad", description: "\u202e" }, "description"],
    [{ id: "bad", grants: [] }, "grants"],
    [{}, "id"],
  ])("%j is refused at its field", async (body, field) => {
    const told = await admin.call("POST", "/roles", body);
    expect([told.status, told.json.errors[0]?.field]).toEqual([400, field]);
  });

  it("inherit in no circle, and the refusal names the way", async () => {
    await define("one");
    await define("two", { inherits: ["one"] });
    const told = await admin.call("PATCH", "/roles/one", { inherits: ["two"] });
    expect(told.json.errors).toMatchObject([
      { field: "inherits.0", reason: expect.stringContaining("one > two > one") },
    ]);
  });

  it("that are taken are not defined twice, and unknown ones not changed", async () => {
    await define("taken");
    const again = await admin.call("POST", "/roles", { id: "taken" });
    expect([again.status, again.json.errors]).toMatchObject([400, [{ field: "id", reason: "is taken" }]]);
    expect((await admin.call("PATCH", "/roles/unknown", { description: "x" })).status).toBe(404);
    expect((await admin.call("PUT", "/roles/unknown", {})).status).toBe(404);
    expect((await admin.call("DELETE", "/roles/unknown")).status).toBe(404);
  });

  it("changed by who saw an older version are a conflict; a change to what is there already is none", async () => {
    await define("seen", { description: "first" });
    await admin.call("PATCH", "/roles/seen", { description: "second", version: 1 });
    expect((await admin.call("PATCH", "/roles/seen", { description: "third", version: 1 })).status).toBe(409);
    expect((await admin.call("DELETE", "/roles/seen?version=1")).status).toBe(409);
    const before = await published();
    const same = await admin.call("PATCH", "/roles/seen", { description: "second" });
    expect([same.status, same.json.version]).toEqual([200, 2]);
    expect(await published()).toEqual(before);
  });

  it("that somebody has, or that others inherit from, are not deleted", async () => {
    await define("held");
    await define("parent");
    await define("child", { inherits: ["parent"] });
    const user = await admin.call("POST", "/users", { email: "held@example.com", roles: ["held"] });
    expect((await admin.call("DELETE", "/roles/held")).json.code).toBe("role_in_use");
    expect((await admin.call("DELETE", "/roles/parent")).json.code).toBe("role_in_use");
    await admin.call("PATCH", `/users/${user.json.id}`, { roles: [] });
    expect((await admin.call("DELETE", "/roles/held")).status).toBe(204);
    await admin.call("DELETE", "/roles/child");
    expect((await admin.call("DELETE", "/roles/parent")).status).toBe(204);
  });

  it("changed by many at once are all in the last book, none lost and none twice", async () => {
    const ids = ["p1", "p2", "p3"];
    const told = await Promise.all(ids.map((id) => admin.call("POST", "/roles", { id, permissions: [`${id}:do`] })));
    expect(told.map(({ status }) => status)).toEqual([201, 201, 201]);
    const { copy } = await published();
    const book = JSON.parse(copy ?? "").roles.map(({ id }: { id: string }) => id);
    expect(ids.every((id) => book.includes(id))).toBe(true);
  });

  it("defined by two at once under one name are one's alone", async () => {
    const told = await Promise.all(
      [1, 2].map((at) => admin.call("POST", "/roles", { id: "once", permissions: [`a:b${at}`] })),
    );
    expect(told.map(({ status }) => status).sort()).toEqual([201, 400]);
  });

  it("go on growing past what gates were told, though D1 was set back", async () => {
    await define("before");
    const [newest] = (await published()).pointers;
    await stores.db.prepare("UPDATE role_books SET version = 1").run();
    // The isolate that changes has heard of the newer one.
    await admin.parts.revocations.view(Date.now(), () => undefined, 0);
    await define("after");
    expect((await published()).pointers[0]?.epoch).toBeGreaterThan(newest?.epoch ?? 0);
  });
});
