import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { type AdminCaller, adminCaller, migrate } from "../support/admin_world.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { type Installation, type InstallationWishes, install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
stubNetwork();
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
