import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { need } from "../../src/bindings.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { changeUser, deleteUser, type UserPatch } from "../../src/managing/change_user.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { breakable } from "../support/breakable.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { plantCode, redeem, refresh, registerApp, registerUser, signIn } from "../support/grant_world.ts";
import {
  backstage,
  bindings,
  migrate,
  openIsolate,
  type RegisteredClient,
  type Told,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

captureLogs();
/** Where the operator's calls arrive: another isolate than the one that answers clients. */
const { accounts } = openIsolate().parts.issuer;
const management = { users: new D1Users(backstage.db), accounts };
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerApp();
});

function change(id: UserId, patch: UserPatch) {
  return changeUser(id, patch, management, Date.now());
}

function rolesIn(told: Told): unknown {
  return [told.status, decodeJwt(String(told.json.access_token)).roles];
}

/** An isolate that counts the calls of its every neighbour. */
function countingIsolate() {
  const { DB, EDGE_FEED, SIGNING_KEYS, API_KEYS, OUTBOX } = bindings;
  const people = { ACCOUNTS: need(bindings, "ACCOUNTS"), GUESSES: need(bindings, "GUESSES") };
  const neighbours = Object.entries<object>({ DB, EDGE_FEED, SIGNING_KEYS, API_KEYS, OUTBOX, ...people });
  const counted = neighbours.map(([name, binding]) => ({ name, neighbour: breakable(binding) }));
  const isolate = openIsolate({
    bindings: Object.fromEntries(counted.map(({ name, neighbour }) => [name, neighbour.binding])),
  });
  /** What `work` called, and how often. */
  const during = async (work: () => Promise<unknown>) => {
    for (const { neighbour } of counted) neighbour.calls = 0;
    await work();
    return Object.fromEntries(
      counted.filter(({ neighbour }) => neighbour.calls > 0).map((one) => [one.name, one.neighbour.calls]),
    );
  };
  return { isolate, during };
}

describe("what a warm isolate calls", () => {
  it("one call of the account's object for a redemption, and one for a refresh", async () => {
    const { isolate, during } = countingIsolate();
    const user = await registerUser({ roles: ["clerk"] });
    const now = vi.spyOn(Date, "now").mockReturnValue(Date.now());
    await signIn(isolate, user, app);
    const planted = await plantCode(isolate, user, app);
    let told: Told | undefined;
    const ofRedemption = await during(async () => {
      told = await redeem(isolate, app, planted);
    });
    expect([ofRedemption, told && rolesIn(told)]).toEqual([{ ACCOUNTS: 1 }, [200, ["clerk"]]]);
    const ofRefresh = await during(async () => {
      told = await refresh(isolate, app, told?.json.refresh_token);
    });
    expect([ofRefresh, told && rolesIn(told)]).toEqual([{ ACCOUNTS: 1 }, [200, ["clerk"]]]);
    now.mockRestore();
  });

  it("the directory once where the account has no copy, and not again", async () => {
    const { isolate, during } = countingIsolate();
    const user = await registerUser();
    const now = vi.spyOn(Date, "now").mockReturnValue(Date.now());
    await signIn(isolate, await registerUser(), app);
    const planted = await plantCode(isolate, user, app);
    let told: Told | undefined;
    const first = await during(async () => {
      told = await redeem(isolate, app, planted);
    });
    const second = await during(() => refresh(isolate, app, told?.json.refresh_token));
    expect([first, second]).toEqual([{ ACCOUNTS: 2, DB: 1 }, { ACCOUNTS: 1 }]);
    now.mockRestore();
  });
});

describe("an operator at one isolate, a client at another that is warm", () => {
  const isolate = openIsolate();
  const begin = async (wishes: Partial<UserRecord> = {}) => {
    const user = await registerUser({ roles: ["clerk"], ...wishes });
    const tokens = await signIn(isolate, user, app);
    const told = await refresh(isolate, app, tokens.refresh_token);
    expect(rolesIn(told)).toEqual([200, user.roles]);
    return { user, token: told.json.refresh_token, again: () => refresh(isolate, app, told.json.refresh_token) };
  };

  it.each<[string, (id: UserId) => Promise<unknown>]>([
    ["disabled", (id) => change(id, { disabled: true })],
    ["deleted", (id) => deleteUser(id, management, Date.now())],
    ["without a role that the tokens carry", (id) => change(id, { roles: [] })],
  ])("a user who is %s: the very next refresh and redemption give nothing", async (_, end) => {
    const { user, again } = await begin();
    const planted = await plantCode(isolate, user, app);
    await end(user.id);
    expectOAuthError(await again(), "invalid_grant");
    expectOAuthError(await redeem(isolate, app, planted), "invalid_grant");
  });

  it("a role that is given is in the very next token, and in those after it", async () => {
    const { user, again } = await begin();
    await change(user.id, { roles: ["clerk", "manager"] });
    const told = await again();
    expect(rolesIn(told)).toEqual([200, ["clerk", "manager"]]);
    expect(rolesIn(await refresh(isolate, app, told.json.refresh_token))).toEqual([200, ["clerk", "manager"]]);
  });

  it("after a role was taken away, a new grant has what is left", async () => {
    const { user } = await begin({ roles: ["clerk", "manager"] });
    await change(user.id, { roles: ["clerk"] });
    expect(rolesIn(await redeem(isolate, app, await plantCode(isolate, user, app)))).toEqual([200, ["clerk"]]);
  });

  it("a change that fails half-way leaves the roles as they are: asked for, and not kept wrongly", async () => {
    const { user, again } = await begin();
    const broken = {
      find: management.users.find.bind(management.users),
      update: () => Promise.reject(new Outage("d1")),
    };
    const users = Object.assign(Object.create(management.users), broken);
    const failing = changeUser(user.id, { roles: ["clerk", "manager"] }, { users, accounts }, Date.now());
    await expect(failing).rejects.toBeInstanceOf(Outage);
    expect(rolesIn(await again())).toEqual([200, ["clerk"]]);
  });
});

describe("a change while a refresh is under way", () => {
  /** A refresh whose look at the directory is overtaken by `work`: it saw the user as they were before. */
  async function overtaken(work: (id: UserId) => Promise<unknown>) {
    const isolate = openIsolate();
    const user = await registerUser({ roles: ["clerk"] });
    const tokens = await signIn(isolate, user, app);
    await accounts.forgetRoles(user.id, Date.now());
    const { users } = isolate.parts.issuer;
    const find = users.find.bind(users);
    vi.spyOn(users, "find").mockImplementationOnce(async (id) => {
      const seen = await find(id);
      await work(id);
      return seen;
    });
    return { isolate, told: await refresh(isolate, app, tokens.refresh_token) };
  }

  it.each<[string, (id: UserId) => Promise<unknown>]>([
    ["the user is disabled", (id) => change(id, { disabled: true })],
    ["a role is taken away", (id) => change(id, { roles: [] })],
  ])("%s: the refresh gives nothing, though it saw the roles of before", async (_, work) => {
    expectOAuthError((await overtaken(work)).told, "invalid_grant");
  });

  it("a role is given: it may lack in this one token, and is in the next", async () => {
    const { isolate, told } = await overtaken((id) => change(id, { roles: ["clerk", "manager"] }));
    expect(rolesIn(told)).toEqual([200, ["clerk"]]);
    expect(rolesIn(await refresh(isolate, app, told.json.refresh_token))).toEqual([200, ["clerk", "manager"]]);
  });
});
