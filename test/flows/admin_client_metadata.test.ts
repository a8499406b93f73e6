import { beforeAll, describe, expect, it } from "vitest";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { parseClientId } from "../../src/protocol/ids.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";

let admin: AdminCaller;

const WEB = {
  name: "Shop",
  grant_types: ["authorization_code", "refresh_token"],
  scopes: ["openid", "email", "offline_access", "orders:read"],
  redirect_uris: ["https://shop.example/cb"],
};

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

async function create(fields: object = {}) {
  const told = await admin.call("POST", "/clients", { ...WEB, ...fields });
  expect(told.status, told.text).toBe(201);
  return told.json;
}

async function stored(id: string) {
  const clientId = parseClientId(id);
  const found = clientId === null ? null : await new D1Clients(stores.db).find(clientId);
  if (found === null) throw new Error("no client");
  return found.client.person;
}

describe("RFC 7591 2: POST /clients for people", () => {
  it("has defaults that are safe, and keeps what it was told", async () => {
    const client = await create();
    const shown = {
      application_type: "web",
      redirect_uris: ["https://shop.example/cb"],
      post_logout_redirect_uris: [],
      backchannel_logout_uri: null,
      subject_type: "public",
      id_token_signed_response_alg: "RS256",
      first_party: false,
      require_pkce: true,
      client_uri: null,
    };
    expect(client).toMatchObject({ ...WEB, ...shown });
    expect((await admin.call("GET", `/clients/${client.id}`)).json).toMatchObject(shown);
  });

  it("RFC 8628: a client for devices needs no redirect URI, and may be public", async () => {
    const grants = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"];
    const fields = { grant_types: grants, redirect_uris: [], token_endpoint_auth_methods: ["none"] };
    expect(await create(fields)).toMatchObject(fields);
    const mixed = { ...WEB, grant_types: [...grants, "authorization_code"], redirect_uris: [] };
    const told = await admin.call("POST", "/clients", mixed);
    expect([told.status, told.json.errors]).toMatchObject([400, [{ field: "redirect_uris" }]]);
  });

  it("takes every field", async () => {
    const fields = {
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/cb", "com.example.shop:/cb"],
      post_logout_redirect_uris: ["com.example.shop:/out"],
      backchannel_logout_uri: "https://shop.example/logout",
      subject_type: "pairwise",
      id_token_signed_response_alg: "ES256",
      first_party: true,
      require_pkce: false,
      client_uri: "https://shop.example/",
    };
    expect(await create(fields)).toMatchObject(fields);
  });

  it("a pairwise client's sector is its host", async () => {
    const { id } = await create({ subject_type: "pairwise" });
    expect((await stored(id)).sector).toBe("shop.example");
    const { id: other } = await create({ subject_type: "public" });
    expect((await stored(other)).sector).toBeNull();
  });

  const refusals: readonly [string, object, string][] = [
    ["no redirect URI", { redirect_uris: [] }, "redirect_uris"],
    ["http", { redirect_uris: ["http://shop.example/cb"] }, "redirect_uris.0"],
    ["a fragment", { redirect_uris: ["https://shop.example/cb#x"] }, "redirect_uris.0"],
    ["javascript:", { redirect_uris: ["javascript:alert(1)"] }, "redirect_uris.0"],
    ["data:", { application_type: "native", redirect_uris: ["data:text/html,x"] }, "redirect_uris.0"],
    ["a redirect URI twice", { redirect_uris: ["https://shop.example/", "https://shop.example/"] }, "redirect_uris.1"],
    [
      "10,000 redirect URIs",
      { redirect_uris: Array.from({ length: 10_000 }, (_, at) => `https://a.example/${at}`) },
      "redirect_uris",
    ],
    ["a redirect URI that is an object", { redirect_uris: [{}] }, "redirect_uris.0"],
    [
      "two hosts, pairwise",
      { subject_type: "pairwise", redirect_uris: ["https://a.example/", "https://b.example/"] },
      "redirect_uris",
    ],
    [
      "a public client with client_credentials",
      { token_endpoint_auth_methods: ["none"], grant_types: ["authorization_code", "client_credentials"] },
      "grant_types",
    ],
    ["a public client without PKCE", { token_endpoint_auth_methods: ["none"], require_pkce: false }, "require_pkce"],
    ["an unsigned ID token", { id_token_signed_response_alg: "none" }, "id_token_signed_response_alg"],
    [
      "an ID token under the client's secret",
      { id_token_signed_response_alg: "HS256" },
      "id_token_signed_response_alg",
    ],
    ["the password grant", { grant_types: ["password"] }, "grant_types.0"],
    ["the implicit grant", { grant_types: ["implicit"] }, "grant_types.0"],
    ["a sector of one's own", { sector: "evil.test" }, "sector"],
    ["an identifier of one's own", { client_id: "cli_x" }, "client_id"],
    ["trust of one's own", { trusted: true }, "trusted"],
    ["identity scopes for a machine", { grant_types: ["client_credentials"] }, "scopes.0"],
    ["a home page that runs", { client_uri: "javascript:alert(1)" }, "client_uri"],
    ["a first party in words", { first_party: "true" }, "first_party"],
  ];
  it.each(refusals)("refuses %s and names the field", async (_name, fields, field) => {
    const told = await admin.call("POST", "/clients", { ...WEB, ...fields });
    expect([told.status, told.json.code]).toEqual(
      told.status === 413 ? [413, "body_too_large"] : [400, "validation_failed"],
    );
    if (told.status === 400) expect(told.json.errors.map((fault) => fault.field)).toContain(field);
  });
});

describe("PATCH /clients/:id for people", () => {
  it("changes what it names, and nothing else", async () => {
    const { id, ...before } = await create({ client_uri: "https://shop.example/" });
    const told = await admin.call("PATCH", `/clients/${id}`, {
      redirect_uris: ["https://shop.example/new"],
      client_uri: null,
    });
    expect(told.json).toMatchObject({ redirect_uris: ["https://shop.example/new"], client_uri: null, name: "Shop" });
    expect(told.json.grant_types).toEqual(before.grant_types);
    const same = await admin.call("PATCH", `/clients/${id}`, { redirect_uris: ["https://shop.example/new"] });
    expect(same.json, "nothing to do").toEqual(told.json);
  });

  it("is held to the same rules", async () => {
    const { id } = await create();
    const fields = async (patch: object) => {
      const told = await admin.call("PATCH", `/clients/${id}`, patch);
      return (told.json.errors ?? []).map(({ field }) => field);
    };
    expect(await fields({ redirect_uris: [] })).toEqual(["redirect_uris"]);
    expect(await fields({ redirect_uris: ["http://a.example/"] })).toEqual(["redirect_uris.0"]);
    expect(await fields({ subject_type: "pairwise" })).toEqual(["subject_type"]);
    expect(await fields({ token_endpoint_auth_methods: ["none"], require_pkce: false })).toEqual(["require_pkce"]);
    expect((await stored(id)).redirectUris).toEqual(["https://shop.example/cb"]);
  });

  it("a native client's redirect URIs do not survive its becoming a web one", async () => {
    const { id } = await create({ application_type: "native", redirect_uris: ["http://127.0.0.1/cb"] });
    const told = await admin.call("PATCH", `/clients/${id}`, { application_type: "web" });
    expect(told.json.errors.map(({ field }) => field)).toEqual(["redirect_uris.0"]);
  });

  it("a pairwise client stays on the host that its subjects are made for", async () => {
    const { id } = await create({ subject_type: "pairwise" });
    const moved = await admin.call("PATCH", `/clients/${id}`, { redirect_uris: ["https://other.example/cb"] });
    expect(moved.json.errors.map(({ field }) => field)).toEqual(["redirect_uris"]);
    const stayed = await admin.call("PATCH", `/clients/${id}`, { redirect_uris: ["https://shop.example/other"] });
    expect(stayed.status).toBe(200);
    expect((await stored(id)).sector).toBe("shop.example");
  });
});
