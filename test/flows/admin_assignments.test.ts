import { beforeAll, describe, expect, it } from "vitest";
import { type AdminCaller, adminCaller, migrate, stores, type Told } from "../support/admin_world.ts";

const DAY_MS = 86_400_000;
let admin: AdminCaller;
let people = 0;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
  for (const id of ["editor", "owner", "viewer"]) await admin.call("POST", "/roles", { id });
});

async function person(fields: object = {}): Promise<string> {
  const told = await admin.call("POST", "/users", { email: `p${++people}@example.com`, ...fields });
  expect(told.status, told.text).toBe(201);
  return told.json.id;
}

async function robot(): Promise<string> {
  return (await admin.call("POST", "/clients", { name: "Robot", scopes: [] })).json.id;
}

async function key(): Promise<string> {
  return (await admin.call("POST", "/keys", { name: "CI", environment: "test", scopes: [] })).json.id;
}

function assign(subject: string, fields: object = {}): Promise<Told> {
  return admin.call("POST", "/assignments", { subject, role: "editor", ...fields });
}

const pathOf = (subject: string) => `/${{ usr: "users", cli: "clients", key: "keys" }[subject.slice(0, 3)]}/${subject}`;

async function record(subject: string) {
  return (await admin.call("GET", pathOf(subject))).json as unknown as {
    roles: string[];
    assignments: object[];
    attributes: object;
  };
}

describe.each([
  ["a user", () => person()],
  ["a client", robot],
  ["an API key", key],
])("assignments of %s", (_what, make) => {
  it("everywhere and for good are its roles: there is one truth", async () => {
    const subject = await make();
    const told = await assign(subject);
    expect([told.status, told.json]).toMatchObject([201, { subject, role: "editor", tenant: null, until: null }]);
    expect(await record(subject)).toMatchObject({ roles: ["editor"], assignments: [] });
    await admin.call("PATCH", pathOf(subject), { roles: ["editor", "viewer"] });
    const list = await admin.call("GET", `/assignments?subject=${subject}`);
    expect(list.json.data).toMatchObject([{ role: "editor" }, { role: "viewer" }]);
    expect((await admin.call("DELETE", `/assignments/${told.json.id}`)).status).toBe(204);
    expect(await record(subject)).toMatchObject({ roles: ["viewer"] });
  });

  it("in a tenant or until a moment stand apart, and a list of roles leaves them alone", async () => {
    const subject = await make();
    const until = new Date(Date.now() + DAY_MS).toISOString();
    await assign(subject, { tenant: "acme" });
    await assign(subject, { role: "owner", until });
    const assignments = [
      { role: "editor", tenant: "acme", until: null },
      { role: "owner", tenant: null, until },
    ];
    expect(await record(subject)).toMatchObject({ roles: [], assignments });
    await admin.call("PATCH", pathOf(subject), { roles: ["viewer"] });
    expect(await record(subject)).toMatchObject({ roles: ["viewer"], assignments });
    await admin.call("PATCH", pathOf(subject), { roles: ["owner"] });
    expect(await record(subject)).toMatchObject({ roles: ["owner"], assignments: [assignments[0]] });
  });

  it("repeated change nothing, and with another end are the same one", async () => {
    const subject = await make();
    const first = await assign(subject, { tenant: "acme" });
    const again = await assign(subject, { tenant: "acme" });
    expect([again.status, again.json.id]).toEqual([201, first.json.id]);
    const until = new Date(Date.now() + DAY_MS).toISOString();
    const shorter = await assign(subject, { tenant: "acme", until });
    expect([shorter.json.id, (await record(subject)).assignments]).toEqual([
      first.json.id,
      [{ role: "editor", tenant: "acme", until }],
    ]);
  });

  it("by many at once are all there", async () => {
    const subject = await make();
    const tenants = ["a", "b", "c"];
    const told = await Promise.all(tenants.map((tenant) => assign(subject, { tenant })));
    expect(told.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await record(subject)).assignments).toHaveLength(3);
  });

  it("go with their subject", async () => {
    const subject = await make();
    await assign(subject, { tenant: "acme" });
    await admin.call("DELETE", pathOf(subject));
    expect((await admin.call("GET", `/assignments?subject=${subject}`)).json.data).toEqual([]);
  });
});

describe("assignments", () => {
  it.each([
    [{ role: "ghost" }, "role"],
    [{ tenant: "a/b" }, "tenant"],
    [{ tenant: "../x" }, "tenant"],
    [{ tenant: "" }, "tenant"],
    [{ until: "2020-01-01T00:00:00Z" }, "until"],
    [{ until: "soon" }, "until"],
    [{ subject: "usr_nobody" }, "subject"],
    [{ subject: `usr_${"0".repeat(22)}` }, "subject"],
    [{ scope: "x" }, "scope"],
  ])("%j is refused at its field, and nothing is assigned", async (fields, field) => {
    const subject = await person();
    const told = await assign(subject, fields);
    expect([told.status, told.json.errors[0]?.field], told.text).toEqual([400, field]);
    expect(await record(subject)).toMatchObject({ roles: [], assignments: [] });
  });

  it("that are not there are not taken away, nor those of another tenant", async () => {
    const subject = await person();
    const { json } = await assign(subject, { tenant: "acme" });
    await assign(subject, { tenant: "globex" });
    expect((await admin.call("DELETE", `/assignments/${json.id}`)).status).toBe(204);
    expect((await admin.call("DELETE", `/assignments/${json.id}`)).status).toBe(404);
    expect((await admin.call("DELETE", "/assignments/bm9uZQ")).status).toBe(404);
    expect((await record(subject)).assignments).toMatchObject([{ tenant: "globex" }]);
  });

  it("are listed by role and by tenant, a page at a time", async () => {
    await admin.call("POST", "/roles", { id: "listed" });
    const subjects = [await person(), await robot(), await key()].sort();
    for (const subject of subjects) await assign(subject, { role: "listed", tenant: "lists" });
    await assign(subjects[0] ?? "", { role: "listed" });
    const first = await admin.call("GET", "/assignments?role=listed&tenant=lists&limit=2");
    expect(first.json.data.map(({ subject }) => subject)).toEqual(subjects.slice(0, 2));
    const second = await admin.call(
      "GET",
      `/assignments?role=listed&tenant=lists&limit=2&cursor=${first.json.next_cursor}`,
    );
    expect([second.json.data.map(({ subject }) => subject), second.json.next_cursor]).toEqual([
      subjects.slice(2),
      null,
    ]);
    const everywhere = await admin.call("GET", "/assignments?role=listed&tenant=*");
    expect(everywhere.json.data).toMatchObject([{ subject: subjects[0], tenant: null }]);
  });

  it("are in the audit trail, with what they were before", async () => {
    const subject = await person();
    await assign(subject, { tenant: "acme" });
    const { json } = await admin.call("GET", `/audit?target=${subject}`);
    expect(json.data[0]).toMatchObject({ action: "create_assignment", changes: { assignments: { before: [] } } });
  });

  it("more than a token carries are refused when they are made", async () => {
    const subject = await robot();
    for (let at = 0; at < 50; at++) expect((await assign(subject, { tenant: `t${at}` })).status).toBe(201);
    const told = await assign(subject, { tenant: "one-more" });
    expect([told.status, told.json.errors]).toMatchObject([400, [{ field: "subject" }]]);
  });

  it("that have ended are not listed, and hold up no deletion of their role", async () => {
    await admin.call("POST", "/roles", { id: "ended" });
    const subject = await person();
    await assign(subject, { role: "ended", until: new Date(Date.now() + DAY_MS).toISOString() });
    expect((await admin.call("DELETE", "/roles/ended")).json.code).toBe("role_in_use");
    const past = JSON.stringify([{ role: "ended", tenant: null, until: Date.now() - 2_000 }]);
    const update = "UPDATE users SET version = version + 1, assignments = ? WHERE id = ?";
    await stores.db.prepare(update).bind(past, subject).run();
    expect((await admin.call("GET", "/assignments?role=ended")).json.data).toEqual([]);
    expect((await admin.call("DELETE", "/roles/ended")).status).toBe(204);
  });

  it("from before there was a table of them are listed too", async () => {
    const subject = await person({ roles: ["from-before"] });
    await stores.db.prepare("DELETE FROM role_holders WHERE subject = ?").bind(subject).run();
    await stores.db
      .prepare("UPDATE users SET version = version + 1, roles = '[\"viewer\"]' WHERE id = ?")
      .bind(subject)
      .run();
    expect((await admin.call("GET", `/assignments?subject=${subject}`)).json.data).toMatchObject([{ role: "viewer" }]);
  });
});

describe("attributes", () => {
  it.each([
    ["a user", person],
    ["a client", robot],
    ["an API key", key],
  ])("that nobody declared are refused for %s, at creation and later", async (_what, make) => {
    const subject = await make();
    const told = await admin.call("PATCH", pathOf(subject), { attributes: { ghost: "x" } });
    expect([told.status, told.json.errors[0]?.field]).toEqual([400, "attributes.ghost"]);
    expect(await record(subject)).toMatchObject({ attributes: {} });
  });
});
