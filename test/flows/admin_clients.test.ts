import { beforeAll, describe, expect, it } from "vitest";
import { FEED_START } from "../../src/protocol/edge_feed.ts";
import { parseClientId } from "../../src/protocol/ids.ts";
import { type AdminCaller, adminCaller, migrate, stores, type Told } from "../support/admin_world.ts";

let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

async function create(fields: object = {}) {
  const told = await admin.call("POST", "/clients", { name: "Robot", scopes: ["orders:read"], ...fields });
  expect(told.status, told.text).toBe(201);
  return told.json;
}

async function feedEntries(id: string) {
  const { entries } = await stores.feed.pull(FEED_START);
  return entries.filter((entry) => entry.id === id);
}

describe("POST /clients", () => {
  it("answers 201 with the client, its defaults, and its secret once", async () => {
    const client = await create();
    expect(client).toMatchObject({
      name: "Robot",
      grant_types: ["client_credentials"],
      token_endpoint_auth_methods: ["client_secret_basic", "client_secret_post"],
      scopes: ["orders:read"],
      default_scopes: null,
      roles: [],
      disabled: false,
    });
    expect(parseClientId(client.id)).not.toBeNull();
    expect(client.client_secret).toMatch(/^spcs_[A-Za-z0-9_-]{43}$/);
    expect(client.client_secret_id).toMatch(/^sec_/);
    expect(client.created_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const read = await admin.call("GET", `/clients/${client.id}`);
    const { client_secret, client_secret_id, ...shown } = client;
    expect(read.json).toEqual(shown);
  });

  it("makes a public client without a secret", async () => {
    const client = await create({ token_endpoint_auth_methods: ["none"], grant_types: [] });
    expect(client).not.toHaveProperty("client_secret");
    const refused = await admin.call("POST", `/clients/${client.id}/secrets`);
    expect(refused.status).toBe(409);
    expect(refused.json.code).toBe("public_client");
  });

  const refusals: readonly [string, object, string][] = [
    [
      "a public client with client_credentials (RFC 6749 4.4)",
      { token_endpoint_auth_methods: ["none"] },
      "grant_types",
    ],
    [
      "none beside a secret",
      { token_endpoint_auth_methods: ["none", "client_secret_post"] },
      "token_endpoint_auth_methods",
    ],
    ["no way to authenticate", { token_endpoint_auth_methods: [] }, "token_endpoint_auth_methods"],
    ["a scope that does not exist", { scopes: ["orders:read", "root"] }, "scopes.1"],
    ["a scope twice", { scopes: ["orders:read", "orders:read"] }, "scopes.1"],
    ["a default that is not a scope of the client", { default_scopes: ["orders:write"] }, "default_scopes.0"],
    ["a grant that does not exist", { grant_types: ["password"] }, "grant_types.0"],
    ["a field that does not exist", { is_admin: true }, "is_admin"],
    ["a prototype's name as a field", { constructor: {} }, "constructor"],
    ["a prototype's name as a scope", { scopes: ["__proto__"] }, "scopes.0"],
    ["a prototype's name as a method", { token_endpoint_auth_methods: ["toString"] }, "token_endpoint_auth_methods.0"],
    ["an empty name", { name: "" }, "name"],
    ["a name with a control character", { name: "a\u0000b" }, "name"],
    ["a name with a lone surrogate", { name: "a\ud800" }, "name"],
    ["a name that turns the reading direction", { name: "a\u202eb" }, "name"],
    ["a name with a zero-width space", { name: "Rob\u200bot" }, "name"],
    ["a name with a byte order mark", { name: "\ufeffRobot" }, "name"],
    ["a name with an isolate", { name: "a\u2066b" }, "name"],
    ["a name with a soft hyphen", { name: "a\u00adb" }, "name"],
    ["a name with a tag character", { name: "a\u{e0041}" }, "name"],
    ["a name of the wrong type", { name: 5 }, "name"],
    ["no name", { name: undefined }, "name"],
    ["an id of one's own", { id: "cli_x" }, "id"],
    ["an epoch of one's own", { epoch: 9 }, "epoch"],
  ];
  it.each(refusals)("refuses %s and names the field", async (_name, fields, field) => {
    const told = await admin.call("POST", "/clients", { name: "Robot", scopes: ["orders:read"], ...fields });
    expect(told.status).toBe(400);
    expect(told.json.code).toBe("validation_failed");
    expect(told.json.errors.map(({ field }) => field)).toContain(field);
    expect(told.headers.get("content-type")).toBe("application/problem+json");
  });

  it("__proto__ as a field is an ordinary refusal", async () => {
    const told = await admin.call("POST", "/clients", '{"name":"x","scopes":[],"__proto__":{"disabled":true}}');
    expect(told.status).toBe(400);
    expect(told.json.errors).toEqual([{ field: "__proto__", reason: "is not known here" }]);
  });
});

describe("GET /clients", () => {
  it("pages by an opaque cursor and meets every client once", async () => {
    const made = [await create(), await create(), await create()].map(({ id }) => id);
    const seen: string[] = [];
    for (let cursor: string | null = "", calls = 0; cursor !== null && calls < 100; calls++) {
      const page: Told = await admin.call("GET", `/clients?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(page.json.data.length).toBeLessThanOrEqual(2);
      seen.push(...page.json.data.map(({ id }) => id));
      cursor = page.json.next_cursor;
    }
    expect(seen).toEqual(expect.arrayContaining(made));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["limit=abc", "limit"],
    ["limit=1e1", "limit"],
    ["limit=", "limit"],
    ["cursor=abc", "cursor"],
    ["cursor=", "cursor"],
    ["limit=1&limit=2", "limit"],
    ["offset=3", "offset"],
    ["__proto__=3", "__proto__"],
  ])("refuses ?%s and names the field", async (query, field) => {
    const told = await admin.call("GET", `/clients?${query}`);
    expect(told.status).toBe(400);
    expect(told.json.errors[0]?.field).toBe(field);
  });

  it("a cursor of another list is refused", async () => {
    await create();
    await create();
    const page = await admin.call("GET", "/clients?limit=1");
    const told = await admin.call("GET", `/keys?cursor=${page.json.next_cursor}`);
    expect(told.status).toBe(400);
  });
});

describe("PATCH /clients/:id", () => {
  it("changes what it names, and the feed hears of the new version", async () => {
    const { id } = await create({ scopes: ["orders:read", "orders:write"] });
    const told = await admin.call("PATCH", `/clients/${id}`, { name: "Renamed", default_scopes: ["orders:read"] });
    expect(told.status).toBe(200);
    expect(told.json).toMatchObject({ name: "Renamed", default_scopes: ["orders:read"] });
    expect(await feedEntries(`client:${id}`)).toMatchObject([{ kind: "config", epoch: 2 }]);
    expect(await feedEntries(id)).toEqual([]);
  });

  it.each([
    ["disabling", { disabled: true }],
    ["fewer scopes", { scopes: ["orders:read"] }],
    ["fewer roles", { roles: [] }],
  ])("%s ends the tokens that carry it", async (_name, patch) => {
    const { id } = await create({ scopes: ["orders:read", "orders:write"], roles: ["clerk"] });
    expect((await admin.call("PATCH", `/clients/${id}`, patch)).status).toBe(200);
    expect(await feedEntries(id)).toMatchObject([{ kind: "client", epoch: 2 }]);
  });

  it("that changes nothing is 200 without a write, disabling twice too", async () => {
    const { id } = await create();
    const first = await admin.call("PATCH", `/clients/${id}`, { disabled: true });
    const again = await admin.call("PATCH", `/clients/${id}`, { disabled: true });
    const empty = await admin.call("PATCH", `/clients/${id}`, {});
    expect([again.status, empty.status]).toEqual([200, 200]);
    expect(again.json).toEqual(first.json);
    const row = await stores.db.prepare("SELECT version FROM clients WHERE id = ?").bind(id).first("version");
    expect(row).toBe(2);
  });

  it("a scope cannot go while it is a default", async () => {
    const { id } = await create({ scopes: ["orders:read", "orders:write"], default_scopes: ["orders:write"] });
    const told = await admin.call("PATCH", `/clients/${id}`, { scopes: ["orders:read"] });
    expect(told.json.errors).toEqual([{ field: "default_scopes.0", reason: "is not among scopes" }]);
    const both = await admin.call("PATCH", `/clients/${id}`, { scopes: ["orders:read"], default_scopes: null });
    expect(both.status).toBe(200);
  });

  it("a client with client_credentials cannot become public, and grants cannot be changed", async () => {
    const { id } = await create();
    const told = await admin.call("PATCH", `/clients/${id}`, { token_endpoint_auth_methods: ["none"] });
    expect(told.status).toBe(400);
    expect(
      told.json.errors.map(({ field }) => field),
      "a field that PATCH takes",
    ).toEqual(["token_endpoint_auth_methods"]);
    const grants = await admin.call("PATCH", `/clients/${id}`, { grant_types: [] });
    expect(grants.json.errors).toEqual([{ field: "grant_types", reason: "is not known here" }]);
  });

  it("a client that becomes public loses its secrets", async () => {
    const { id } = await create({ grant_types: [] });
    expect((await admin.call("GET", `/clients/${id}/secrets`)).json.data).toHaveLength(1);
    await admin.call("PATCH", `/clients/${id}`, { token_endpoint_auth_methods: ["none"] });
    expect((await admin.call("GET", `/clients/${id}/secrets`)).json.data).toEqual([]);
  });
});

describe("DELETE /clients/:id", () => {
  it("is 204, ends its tokens, and is 404 the second time", async () => {
    const { id } = await create();
    const told = await admin.call("DELETE", `/clients/${id}`);
    expect([told.status, told.text]).toEqual([204, ""]);
    expect(await feedEntries(id)).toMatchObject([{ kind: "client", epoch: 2 }]);
    expect((await admin.call("DELETE", `/clients/${id}`)).json.code).toBe("not_found");
    expect((await admin.call("GET", `/clients/${id}`)).status).toBe(404);
    expect((await admin.call("PATCH", `/clients/${id}`, { name: "x" })).status).toBe(404);
    const secrets = stores.db.prepare("SELECT count(*) AS n FROM client_secrets WHERE client_id = ?").bind(id);
    expect(await secrets.first("n")).toBe(0);
  });

  it.each(["cli_0000000000000000000000", "nope", "__proto__", "key_0000000000000000000000", "%00", "a%2Fb"])(
    "an unknown id (%s) is 404",
    async (id) => {
      expect((await admin.call("DELETE", `/clients/${id}`)).status).toBe(404);
      expect((await admin.call("GET", `/clients/${id}/secrets`)).status).toBe(404);
    },
  );
});

describe("clients/:id/secrets", () => {
  it("adds one, refuses a third, removes any, the last one too", async () => {
    const client = await create();
    const path = `/clients/${client.id}/secrets`;
    const added = await admin.call("POST", path);
    expect(added.status).toBe(201);
    expect(Object.keys(added.json).sort()).toEqual(["client_secret", "id"]);
    const third = await admin.call("POST", path, {});
    expect([third.status, third.json.code]).toEqual([409, "too_many_secrets"]);
    const listed = await admin.call("GET", path);
    expect(listed.json.data.map(({ id }) => id).sort()).toEqual([client.client_secret_id, added.json.id].sort());
    expect(Object.keys(listed.json.data[0] ?? {}).sort()).toEqual(["created_at", "expires_at", "id", "last_four"]);
    for (const id of [client.client_secret_id, added.json.id]) {
      expect((await admin.call("DELETE", `${path}/${id}`)).status).toBe(204);
      expect((await admin.call("DELETE", `${path}/${id}`)).status).toBe(404);
    }
    expect((await admin.call("GET", path)).json.data).toEqual([]);
    expect(await feedEntries(`client:${client.id}`)).toMatchObject([{ epoch: 4 }]);
    expect(await feedEntries(client.id), "tokens live on").toEqual([]);
  });

  it("the secret of another client is not found", async () => {
    const [one, two] = [await create(), await create()];
    const told = await admin.call("DELETE", `/clients/${one.id}/secrets/${two.client_secret_id}`);
    expect(told.status).toBe(404);
    expect((await admin.call("GET", `/clients/${two.id}/secrets`)).json.data).toHaveLength(1);
  });

  it("takes no fields", async () => {
    const { id } = await create();
    const told = await admin.call("POST", `/clients/${id}/secrets`, { client_secret: "chosen" });
    expect(told.json.errors).toEqual([{ field: "client_secret", reason: "is not known here" }]);
  });
});
