import { decodeJwt } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { type AdminCaller, adminCaller, migrate } from "../support/admin_world.ts";
import { bearer, newKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig, PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, type InstallationWishes, install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
  await admin.call("POST", "/roles", { id: "viewer", permissions: ["document:read"] });
  await admin.call("POST", "/roles", { id: "editor", permissions: ["document:update"], inherits: ["viewer"] });
  await admin.call("POST", "/roles", { id: "owner", permissions: ["document:*"] });
});

afterEach(() => {
  vi.useRealTimers();
});

function gate(wishes: InstallationWishes = {}): Installation {
  const base = gatewayConfig();
  const get = { methods: ["GET" as const], origin: "main" };
  const routes = [
    ...base.routes,
    { ...get, path: "/documents/:id", permissions: ["document:read"] },
    { ...get, path: "/documents/:id/edit", permissions: ["document:read", "document:update"] },
    { ...get, path: "/documents/:id/lenient", permissions: ["document:read"], onStale: { allowForSeconds: 60 } },
    { ...get, path: "/tenants/:tenant/documents", permissions: ["document:read"], tenant: { path: "tenant" } },
    { ...get, path: "/tenants/:tenant/reports", roles: ["viewer"], tenant: { path: "tenant" } },
    { ...get, path: "/documents/:id/both", roles: ["editor"], permissions: ["document:burn"] },
  ];
  return install({ ...wishes, config: { ...base, routes } });
}

async function caller(...roles: string[]) {
  const { key } = await storedKey({ roles });
  return { headers: { "x-api-key": key } };
}

describe("a route that demands permissions", () => {
  it.each([
    ["viewer", "/documents/1", 200],
    ["editor", "/documents/1", 200],
    ["editor", "/documents/1/edit", 200],
    ["owner", "/documents/1/edit", 200],
    ["viewer", "/documents/1/edit", 403],
    ["ghost", "/documents/1", 403],
  ])("%s at %s is answered %i", async (role, path, status) => {
    expect((await gate().fetch(path, await caller(role))).status).toBe(status);
  });

  it("names what is missing, in the answer and by its reason in the log", async () => {
    const problem = await expectProblem(
      await gate().fetch("/documents/1/edit", await caller()),
      403,
      "permission_missing",
    );
    expect(problem).toMatchObject({ permission: "document:read document:update", detail: "a permission is missing" });
    expect(logs.events("decision").at(-1)).toMatchObject({ reason: "permission_missing", rules: ["permissions"] });
  });

  it("demands its roles as well, and by their own names: an inherited role is no assigned one", async () => {
    const isolate = gate();
    await expectProblem(await isolate.fetch("/documents/1/both", await caller("owner")), 403, "forbidden");
    await expectProblem(await isolate.fetch("/documents/1/both", await caller("editor")), 403, "permission_missing");
    expect((await isolate.fetch("/documents/1/both", await caller("owner", "editor"))).status).toBe(200);
  });

  it("hears of a change with the edge feed: given, and taken back, without a new credential", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const isolate = gate();
    const who = await caller("temporary");
    await expectProblem(await isolate.fetch("/documents/1", who), 403, "permission_missing");
    await admin.call("POST", "/roles", { id: "temporary", permissions: ["document:read"] });
    vi.setSystemTime(Date.now() + 3_001);
    expect((await isolate.fetch("/documents/1", who)).status).toBe(200);
    await admin.call("PATCH", "/roles/temporary", { permissions: [] });
    vi.setSystemTime(Date.now() + 3_001);
    await expectProblem(await isolate.fetch("/documents/1", who), 403, "permission_missing");
  });
});

describe("roles of a tenant", () => {
  const ofAcme = (untilMs: number | null = null) => [{ role: "viewer", tenant: "acme", untilMs }];
  const callerOf = async (assignments: ReturnType<typeof ofAcme>) => {
    const { key } = await storedKey({ assignments });
    return { headers: { "x-api-key": key } };
  };

  it.each([
    ["/tenants/acme/documents", 200],
    ["/tenants/acme/reports", 200],
    ["/tenants/globex/documents", 403],
    ["/tenants/globex/reports", 403],
    ["/tenants/ACME/documents", 403],
    ["/tenants/acme./documents", 400],
    ["/tenants/constructor/documents", 403],
    ["/tenants/*/documents", 403],
    ["/documents/acme", 403],
  ])("of acme count on %s: %i", async (path, status) => {
    expect((await gate().fetch(path, await callerOf(ofAcme()))).status).toBe(status);
  });

  it("that count everywhere count in every tenant", async () => {
    expect((await gate().fetch("/tenants/globex/documents", await caller("viewer"))).status).toBe(200);
  });

  it("of a key end at their moment, in an isolate that has used them, and in what is told to the origin", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const isolate = gate();
    const who = await callerOf(ofAcme(Date.now() + 10_000));
    expect((await isolate.fetch("/tenants/acme/documents", who)).status).toBe(200);
    const identity = decodeJwt(network.originCalls.at(-1)?.headers.get("sallyport-identity") ?? "");
    expect(identity.tenant_roles).toEqual({ acme: ["viewer"] });
    expect((identity.exp ?? 0) * 1000).toBeLessThanOrEqual(Date.now() + 10_000);
    vi.setSystemTime(Date.now() + 10_000);
    await expectProblem(await isolate.fetch("/tenants/acme/documents", who), 403, "permission_missing");
    expect((await isolate.fetch("/whoami", who)).status).toBe(200);
    const later = decodeJwt(network.originCalls.at(-1)?.headers.get("sallyport-identity") ?? "");
    expect(later.tenant_roles).toBeUndefined();
  });

  it("in a token count as those of a key; a token that says them in another form is none", async () => {
    const ring = await ringKey();
    const isolate = gate();
    const good = await token(ring, { tenant_roles: { acme: ["viewer"] } });
    expect((await isolate.fetch("/tenants/acme/documents", { headers: bearer(good) })).status).toBe(200);
    await expectProblem(
      await isolate.fetch("/tenants/globex/documents", { headers: bearer(good) }),
      403,
      "permission_missing",
    );
    for (const tenant_roles of ["acme", { acme: "viewer" }, ["viewer"], null]) {
      const bad = await token(ring, { tenant_roles });
      expect((await isolate.fetch("/whoami", { headers: bearer(bad) })).status).toBe(401);
    }
  });

  it("of another issuer are none, whatever its tokens say, unless its claims are mapped", async () => {
    const isolate = gate();
    const key = await newKey();
    network.serve(PARTNER_URL, () => Response.json({ keys: [key.jwk] }));
    const said = { tenant_roles: { acme: ["viewer"] }, attributes: { department: "sales" } };
    const partner = await token(key, { iss: PARTNER_URL, ...said });
    expect((await isolate.fetch("/whoami", { headers: bearer(partner) })).status).toBe(200);
    await expectProblem(
      await isolate.fetch("/tenants/acme/documents", { headers: bearer(partner) }),
      403,
      "permission_missing",
    );
  });
});

describe("without the book of roles", () => {
  const out = (real: IssuerReader): IssuerReader => ({ ...real, roleBook: () => Promise.reject(new Outage("issuer")) });

  it("an isolate that never had one answers from the copy near by", async () => {
    expect((await gate({ reader: out }).fetch("/documents/1", await caller("viewer"))).status).toBe(200);
  });

  it("an isolate that can have none serves no route that demands permissions, and every other one", async () => {
    const isolate = gate({
      reader: (real) => ({ ...out(real), pull: async (position) => withoutRoles(await real.pull(position)) }),
    });
    const who = await caller("viewer");
    await expectProblem(await isolate.fetch("/documents/1", who), 503, "temporarily_unavailable");
    await expectProblem(await isolate.fetch("/documents/1/lenient", who), 503, "temporarily_unavailable");
    expect(logs.events("decision").at(-1)).toMatchObject({ reason: "role_book_unavailable" });
    expect((await isolate.fetch("/whoami", who)).status).toBe(200);
  });
});

function withoutRoles(page: Awaited<ReturnType<IssuerReader["pull"]>>) {
  return { ...page, entries: page.entries.filter(({ kind }) => kind !== "role") };
}

async function expectProblem(response: Response, status: number, code: string): Promise<object> {
  const problem = await response.json<Record<string, unknown>>();
  expect([response.status, problem.code], JSON.stringify(problem)).toEqual([status, code]);
  return problem;
}
