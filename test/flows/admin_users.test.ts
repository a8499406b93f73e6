import { beforeAll, describe, expect, it } from "vitest";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { newUserId, parseUserId } from "../../src/protocol/ids.ts";
import { type AdminCaller, adminCaller, migrate, stores, type Told } from "../support/admin_world.ts";
import { captureLogs } from "../support/logs.ts";
import { openPages } from "../support/pages_world.ts";

const logs = captureLogs();
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

const address = () => `${crypto.randomUUID()}@example.org`;

async function create(fields: object = {}) {
  const told = await admin.call("POST", "/users", { email: address(), ...fields });
  expect(told.status, told.text).toBe(201);
  return told.json;
}

async function mailsTo(email: unknown): Promise<{ kind: string; body: string }[]> {
  const sql = stores.db.prepare("SELECT kind, body FROM mail_outbox WHERE recipient = ? ORDER BY seq").bind(email);
  return (await sql.all<{ kind: string; body: string }>()).results;
}

function linkIn(body: string | undefined): string {
  return /\?token=([\w-]{43})\b/.exec(body ?? "")?.[1] ?? "";
}

describe("POST /users", () => {
  it("answers 201 with an account that has no password, and says that its owner was invited", async () => {
    const profile = { name: "Ada Lovelace", given_name: "Ada", locale: "en-GB", phone_number: "+44 20 7946 0000" };
    const user = await create({ profile, roles: ["staff"] });
    expect(user).toMatchObject({
      email_verified: false,
      has_password: false,
      profile,
      roles: ["staff"],
      disabled: false,
      invitation: "mailed",
    });
    expect(parseUserId(user.id)).not.toBeNull();
    const { invitation: _, ...shown } = user;
    expect((await admin.call("GET", `/users/${user.id}`)).json).toEqual(shown);
    expect((await mailsTo(user.email)).map(({ kind }) => kind)).toEqual(["invitation"]);
  });

  it("V6.4.6: the link is in the mail alone, and its owner's password opens the account", async () => {
    const told = await admin.call("POST", "/users", { email: address() });
    const [mail] = await mailsTo(told.json.email);
    const token = linkIn(mail?.body);
    expect(token).not.toBe("");
    expect(told.text).not.toContain(token);
    expect(logs.lines.join()).not.toContain(token);
    const { browser, password } = openPages();
    const tab = browser();
    await tab.submit(`/reset?token=${token}`, "/reset", { token, password });
    expect((await browser().signIn(String(told.json.email), password)).headers.get("location")).toBe("/account");
    expect((await admin.call("GET", `/users/${told.json.id}`)).json).toMatchObject({ has_password: true });
  });

  const refusals: readonly [string, object, string][] = [
    ["V6.4.6: a password", { password: "teal gravel mitten otter" }, "password"],
    ["V6.4.6: a password hash", { password_hash: "$argon2id$v=19$" }, "password_hash"],
    ["an id of one's own", { id: "usr_0000000000000000000001" }, "id"],
    ["an address that says itself confirmed", { email_verified: true }, "email_verified"],
    ["no address", { email: undefined }, "email"],
    ["what is no address", { email: "ada" }, "email"],
    ["an address with a second header", { email: "ada@example.org\r\nBcc: eve@example.org" }, "email"],
    ["two addresses", { email: "ada@example.org,eve@example.org" }, "email"],
    ["a role twice", { roles: ["a", "a"] }, "roles.1"],
    ["a role with a space", { roles: ["a b"] }, "roles.0"],
    ["a claim that does not exist", { profile: { is_admin: true } }, "profile.is_admin"],
    ["a prototype's name as a claim", { profile: { constructor: "x" } }, "profile.constructor"],
    ["a name that turns the reading direction", { profile: { name: "a\u202eb" } }, "profile.name"],
    ["a script as a picture", { profile: { picture: "javascript:alert(1)" } }, "profile.picture"],
    ["a picture in the clear", { profile: { picture: "http://example.org/a.png" } }, "profile.picture"],
    ["a locale that is none", { profile: { locale: "en_GB;x" } }, "profile.locale"],
    ["a time zone that is a path", { profile: { zoneinfo: "../../etc/passwd" } }, "profile.zoneinfo"],
    ["a phone number that is none", { profile: { phone_number: "call me" } }, "profile.phone_number"],
    ["an address with a control character", { profile: { address: "1 Road\u0000" } }, "profile.address"],
    ["a profile that is a list", { profile: [] }, "profile"],
  ];
  it.each(refusals)("refuses %s, names the field, and makes nobody", async (_name, fields, field) => {
    const before = await stores.db.prepare("SELECT count(*) AS n FROM users").first("n");
    const told = await admin.call("POST", "/users", { email: address(), ...fields });
    expect([told.status, told.json.code]).toEqual([400, "validation_failed"]);
    expect(told.json.errors.map(({ field }) => field)).toContain(field);
    expect(await stores.db.prepare("SELECT count(*) AS n FROM users").first("n")).toBe(before);
  });

  it("one account per address, however it is written", async () => {
    const { email } = await create();
    const told = await admin.call("POST", "/users", { email: String(email).toUpperCase() });
    expect(told.status).toBe(400);
    expect(told.json.errors).toEqual([{ field: "email", reason: "has an account already" }]);
    expect(await mailsTo(email)).toHaveLength(1);
  });

  it("mail that cannot be taken is 503, and a reset makes the invitation good", async () => {
    const fails = () => Promise.reject(new Outage("d1"));
    const mail = { send: fails, sendLink: fails };
    const cut = await adminCaller({ people: { ...admin.parts.people, mail } });
    const email = address();
    const told = await cut.call("POST", "/users", { email });
    expect([told.status, told.json.code]).toEqual([503, "temporarily_unavailable"]);
    const made = await new D1Users(stores.db).findByEmail(email);
    expect((await admin.call("POST", `/users/${made?.id}/password-reset`)).status).toBe(204);
    expect((await mailsTo(email)).map(({ kind }) => kind)).toEqual(["invitation"]);
  });
});

describe("GET /users", () => {
  it("pages by an opaque cursor and meets every user once", async () => {
    const made = [await create(), await create(), await create()].map(({ id }) => id);
    const seen: string[] = [];
    for (let cursor: string | null = "", calls = 0; cursor !== null && calls < 100; calls++) {
      const page: Told = await admin.call("GET", `/users?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(page.json.data.length).toBeLessThanOrEqual(2);
      seen.push(...page.json.data.map(({ id }) => id));
      cursor = page.json.next_cursor;
    }
    expect(seen).toEqual(expect.arrayContaining(made));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each(["limit=0", "limit=101", "cursor=abc", "email=x", "limit=1&limit=2"])("refuses ?%s", async (query) => {
    expect((await admin.call("GET", `/users?${query}`)).status).toBe(400);
  });

  it("shows neither a password's hash nor where it is kept", async () => {
    const { someone } = openPages();
    const user = await someone();
    const told = await admin.call("GET", `/users/${user.id}`);
    expect(told.json).toMatchObject({ has_password: true });
    expect(told.text).not.toContain("argon2");
    expect(told.text).not.toMatch(/hash/);
  });
});

describe("PATCH /users/:id", () => {
  it("changes what it names; the profile as a whole", async () => {
    const { id, email } = await create({ profile: { name: "Ada", locale: "en" }, roles: ["staff"] });
    const told = await admin.call("PATCH", `/users/${id}`, { profile: { name: "Ada King" } });
    expect(told.status).toBe(200);
    expect(told.json).toMatchObject({ email, profile: { name: "Ada King" }, roles: ["staff"], disabled: false });
    expect(told.json.profile).not.toHaveProperty("locale");
    expect((await admin.call("GET", `/users/${id}`)).json).toEqual(told.json);
  });

  it("that changes nothing is 200 without a write, disabling twice too", async () => {
    const { id } = await create();
    const first = await admin.call("PATCH", `/users/${id}`, { disabled: true });
    const again = await admin.call("PATCH", `/users/${id}`, { disabled: true });
    const empty = await admin.call("PATCH", `/users/${id}`, {});
    expect([again.status, empty.status]).toEqual([200, 200]);
    expect(again.json).toEqual(first.json);
    expect(await stores.db.prepare("SELECT version FROM users WHERE id = ?").bind(id).first("version")).toBe(2);
  });

  it.each([
    ["V6.4.6: a password", { password: "teal gravel mitten otter" }, "password"],
    ["another address", { email: "eve@example.org" }, "email"],
    ["a confirmed address", { email_verified: true }, "email_verified"],
    ["a version", { version: 9 }, "version"],
    ["a state that is no boolean", { disabled: "yes" }, "disabled"],
    ["__proto__", JSON.parse('{"__proto__":{"disabled":true}}'), "__proto__"],
  ])("refuses %s and names the field", async (_name, patch, field) => {
    const { id } = await create();
    const told = await admin.call("PATCH", `/users/${id}`, patch);
    expect(told.json.errors.map(({ field }) => field)).toEqual([field]);
  });

  it("20 at once: each is in the history or is told of a conflict", async () => {
    const { id } = await create();
    const names = Array.from({ length: 20 }, (_, at) => ({ profile: { name: `name ${at}` } }));
    const told = await Promise.all(names.map((patch) => admin.call("PATCH", `/users/${id}`, patch)));
    const won = told.filter(({ status }) => status === 200);
    expect(told.every(({ status }) => status === 200 || status === 409)).toBe(true);
    expect(won.length).toBeGreaterThan(0);
    const version = await stores.db.prepare("SELECT version FROM users WHERE id = ?").bind(id).first("version");
    expect(version).toBe(1 + won.length);
  });
});

describe("POST /users/:id/password-reset", () => {
  it("V6.4.6: mails the owner, tells the operator nothing, and leaves the old password alone until it is used", async () => {
    const { someone, browser, password } = openPages();
    const user = await someone();
    const told = await admin.call("POST", `/users/${user.id}/password-reset`);
    expect([told.status, told.text]).toEqual([204, ""]);
    const [mail] = await mailsTo(user.email);
    expect(mail?.kind).toBe("reset_password");
    expect(linkIn(mail?.body)).not.toBe("");
    expect((await browser().signIn(user.email, password)).headers.get("location")).toBe("/account");
  });

  it.each([{ password: "teal gravel mitten otter" }, { email: "eve@example.org" }, { token: "x" }])(
    "takes no fields: %j",
    async (body) => {
      const { id, email } = await create();
      expect((await admin.call("POST", `/users/${id}/password-reset`, body)).status).toBe(400);
      expect(await mailsTo(email)).toHaveLength(1);
    },
  );
});

describe("DELETE /users/:id", () => {
  it("is 204, 404 the second time, and frees the address", async () => {
    const { id, email } = await create();
    const told = await admin.call("DELETE", `/users/${id}`);
    expect([told.status, told.text]).toEqual([204, ""]);
    expect((await admin.call("DELETE", `/users/${id}`)).json.code).toBe("not_found");
    expect((await admin.call("GET", `/users/${id}`)).status).toBe(404);
    expect((await create({ email })).id).not.toBe(id);
  });

  it("kills the invitation that was on its way", async () => {
    const { id, email } = await create();
    const token = linkIn((await mailsTo(email))[0]?.body);
    await admin.call("DELETE", `/users/${id}`);
    const { browser, password } = openPages();
    await browser().submit(`/reset?token=${token}`, "/reset", { token, password });
    expect((await browser().signIn(String(email), password)).headers.get("location")).not.toBe("/account");
  });
});

describe("who is not there", () => {
  const ROUTES = [
    ["GET", ""],
    ["PATCH", "", { roles: [] }],
    ["DELETE", ""],
    ["POST", "/password-reset"],
    ["GET", "/sessions"],
    ["DELETE", "/sessions"],
    ["DELETE", "/sessions/ses_0000000000000000000001"],
    ["GET", "/grants"],
    ["DELETE", "/grants/grt_0000000000000000000001"],
    ["GET", "/security-events"],
  ] as const;
  const ids = [newUserId(platformRandom), "nope", "__proto__", "cli_0000000000000000000000", "%00", "a%2Fb"];
  it.each(ROUTES)("%s /users/:id%s is 404 for every id that nobody has", async (method, path, body?: object) => {
    for (const id of ids) {
      const told = await admin.call(method, `/users/${id}${path}`, body);
      expect([told.status, told.json.code], id).toEqual([404, "not_found"]);
    }
  });
});

describe("V16.3: each act is one line of the log, whose it was and what came of it", () => {
  it("names actor, object and result, and no address of a person", async () => {
    const { id, email } = await create();
    await admin.call("PATCH", `/users/${id}`, { disabled: true });
    await admin.call("DELETE", `/users/${id}`);
    await admin.call("DELETE", `/users/${id}`);
    const lines = logs.events("admin_change");
    expect(lines.map(({ action, object_id, result }) => [action, object_id, result])).toEqual([
      ["create_user", id, "announced"],
      ["change_user", id, "announced"],
      ["delete_user", id, "announced"],
      ["delete_user", id, "not_found"],
    ]);
    expect(lines.every(({ actor }) => /^cli_/.test(String(actor)))).toBe(true);
    expect(logs.lines.join()).not.toContain(email);
  });
});
