import { decodeJwt } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { changeUser, type UserPatch } from "../../src/managing/change_user.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import type { RoleAssignment } from "../../src/protocol/holdings.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { plantCode, redeem, refresh, registerApp, registerUser, signIn } from "../support/grant_world.ts";
import { backstage, migrate, openIsolate, type RegisteredClient, registerClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, postForm } from "../support/token_requests.ts";

captureLogs();
const isolate = openIsolate();
/** Where the operator's calls arrive. */
const { accounts } = openIsolate().parts.issuer;
const management = { users: new D1Users(backstage.db), accounts, attributes: { department: "string" } };
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerApp();
});

afterEach(() => {
  vi.useRealTimers();
});

function assignment(changes: Partial<RoleAssignment> = {}): RoleAssignment {
  return { role: "editor", tenant: "acme", untilMs: null, ...changes };
}

async function begin(wishes: Partial<UserRecord> = {}) {
  const user = await registerUser({ roles: ["staff"], ...wishes });
  const tokens = await signIn(isolate, user, app);
  const again = (token: unknown = tokens.refresh_token) => refresh(isolate, app, token);
  return { user, tokens, again };
}

function change(id: UserId, patch: UserPatch) {
  return changeUser(id, patch, management, Date.now());
}

const claimsOf = (token: unknown) => decodeJwt(String(token));

describe("tokens of people", () => {
  it("carry roles of tenants in a claim of their own, and attributes in another", async () => {
    const { tokens } = await begin({ assignments: [assignment()], attributes: { department: "sales" } });
    const claims = claimsOf(tokens.access_token);
    expect(claims).toMatchObject({
      roles: ["staff"],
      tenant_roles: { acme: ["editor"] },
      attributes: { department: "sales" },
    });
  });

  it("end with the first role that they carry, and the next one does without it", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const untilMs = Date.now() + 30_000;
    const { tokens, again } = await begin({ assignments: [assignment({ untilMs })] });
    const { exp = 0 } = claimsOf(tokens.access_token);
    expect(exp * 1000).toBeLessThanOrEqual(untilMs);
    expect(tokens.expires_in).toBeLessThanOrEqual(30);
    vi.setSystemTime(untilMs);
    const told = await again();
    const later = claimsOf(told.json.access_token);
    expect(later.tenant_roles).toBeUndefined();
    expect((later.exp ?? 0) * 1000).toBeGreaterThan(untilMs + 60_000);
  });

  it("that carry what is taken away end at once, and so does what would give them again", async () => {
    for (const patch of [{ assignments: [] }, { attributes: { department: "legal" } }, { attributes: {} }]) {
      const { user, again } = await begin({ assignments: [assignment()], attributes: { department: "sales" } });
      const planted = await plantCode(isolate, user, app);
      await change(user.id, patch);
      expectOAuthError(await again(), "invalid_grant");
      expectOAuthError(await redeem(isolate, app, planted), "invalid_grant");
    }
  });

  it("get what is given with the next refresh, and nothing ends", async () => {
    const { user, again } = await begin();
    await change(user.id, { assignments: [assignment()], attributes: { department: "sales" } });
    const told = await again();
    expect(claimsOf(told.json.access_token)).toMatchObject({ tenant_roles: { acme: ["editor"] } });
    expect(claimsOf((await again(told.json.refresh_token)).json.access_token).attributes).toEqual({
      department: "sales",
    });
  });

  it("that are minted while a tenant's role is taken away give nothing", async () => {
    const { user, tokens } = await begin({ assignments: [assignment()] });
    await accounts.forgetRoles(user.id, Date.now());
    const other = openIsolate();
    const { users } = other.parts.issuer;
    const find = users.find.bind(users);
    vi.spyOn(users, "find").mockImplementationOnce(async (id) => {
      const seen = await find(id);
      await change(user.id, { assignments: [] });
      return seen;
    });
    expectOAuthError(await refresh(other, app, tokens.refresh_token), "invalid_grant");
  });

  it("refreshed by twenty at once while it is taken away: none of what was given carries it and lives", async () => {
    const { user, tokens } = await begin({ assignments: [assignment()] });
    const refreshes = Array.from({ length: 20 }, () => refresh(isolate, app, tokens.refresh_token));
    const [changed, ...told] = await Promise.all([change(user.id, { assignments: [] }), ...refreshes]);
    expect(changed.ok).toBe(true);
    const epoch = await accounts.epochOf(user.id, Date.now());
    for (const { json } of told.filter(({ status }) => status === 200)) {
      const claims = claimsOf(json.access_token) as { tenant_roles?: object; epochs: { user: number } };
      if (claims.tenant_roles !== undefined) expect(claims.epochs.user).toBeLessThan(epoch);
    }
  });
});

describe("tokens of clients", () => {
  it("carry the same, and end with the first role that they carry", async () => {
    const untilMs = Date.now() + 30_000;
    const client = await registerClient({ assignments: [assignment({ untilMs })], attributes: { department: "it" } });
    const told = await postForm(
      isolate,
      "/oauth2/token",
      { grant_type: "client_credentials" },
      { authorization: basic(client) },
    );
    const claims = claimsOf(told.json.access_token);
    expect(claims).toMatchObject({ tenant_roles: { acme: ["editor"] }, attributes: { department: "it" } });
    expect((claims.exp ?? 0) * 1000).toBeLessThanOrEqual(untilMs);
  });
});
