import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ClientId } from "../../src/protocol/ids.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { expectProblem } from "../support/expect_problem.ts";
import { newSecret, plantCode, registerApp, registerPublicApp, registerUser, signIn } from "../support/grant_world.ts";
import { migrate, type RegisteredClient, registerClient, type Told } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { callAs, openBudgets, someAddress } from "../support/strangers.ts";

const GRANT = { grant_type: "client_credentials" };
const logs = captureLogs();

beforeAll(migrate);

function expectTooMany(told: Told): void {
  expectOAuthError(told, "slow_down", 429);
  const wait = Number(told.headers.get("retry-after"));
  expect([Number.isInteger(wait), wait > 0, wait <= 60]).toEqual([true, true, true]);
}

function guessed({ id }: RegisteredClient): { readonly id: ClientId; readonly secret: string } {
  return { id, secret: newSecret() };
}

/** What each of `count` wrong secrets is answered, one after another. */
async function guess(world: ReturnType<typeof openBudgets>, client: RegisteredClient, address: string, count: number) {
  const statuses: number[] = [];
  for (let at = 0; at < count; at++) {
    statuses.push((await callAs(world.isolate, address, guessed(client), GRANT)).status);
  }
  return statuses;
}

describe("V6.3.1: client secrets are tried out", () => {
  it("200 in a minute from one address: 60 are told as they are, then 429; who has the secret passes all the same", async () => {
    const world = openBudgets();
    const [client, address] = [await registerClient(), someAddress()];
    const statuses = await guess(world, client, address, 200);
    expect(statuses).toEqual([...Array(60).fill(401), ...Array(140).fill(429)]);
    expect((await callAs(world.isolate, address, client, GRANT)).status).toBe(200);
    expect(await guess(world, client, address, 1)).toEqual([429]);
    expect(logs.events("client_guessing")).toMatchObject([{ level: "error", address, client_id: client.id }]);
    expect(logs.events("token_refused").at(-1)).toMatchObject({
      error: "slow_down",
      reason: "client_failures",
      address,
    });
  });

  it("the client itself, elsewhere, goes on; so does another client at the guesser's address", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 3 });
    const [client, neighbour, address] = [await registerClient(), await registerClient(), someAddress()];
    expect(await guess(world, client, address, 5)).toEqual([401, 401, 401, 429, 429]);
    expect((await callAs(world.isolate, someAddress(), client, GRANT)).status).toBe(200);
    expect((await callAs(world.isolate, address, neighbour, GRANT)).status).toBe(200);
    expect(await guess(world, neighbour, address, 1)).toEqual([401]);
  });

  it("is over after a minute, however much was tried in between", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 3 });
    const [client, address, startMs] = [await registerClient(), someAddress(), Date.now()];
    const clock = vi.spyOn(Date, "now").mockReturnValue(startMs);
    await guess(world, client, address, 10);
    clock.mockReturnValue(startMs + 59_000);
    expect(await guess(world, client, address, 10)).toEqual(Array(10).fill(429));
    clock.mockReturnValue(startMs + 60_000);
    const told = await callAs(world.isolate, address, client, GRANT);
    clock.mockRestore();
    expect(told.status).toBe(200);
  });

  it("all of a /64 are one caller; a header that anybody can send is none", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 2 });
    const client = await registerClient();
    for (const host of ["1", "2"]) await guess(world, client, `2001:db8:5:6::${host}`, 1);
    expect(await guess(world, client, "2001:db8:5:6:a:b:c:d", 1)).toEqual([429]);
    expect(await guess(world, client, "2001:db8:5:7::1", 1)).toEqual([401]);
    const headers = {
      "cf-connecting-ip": "2001:db8:5:6::9",
      "x-forwarded-for": someAddress(),
      forwarded: "for=192.0.2.1",
    };
    const body = new URLSearchParams({ ...GRANT, client_id: client.id, client_secret: newSecret() });
    expectTooMany(await world.isolate.fetch("/oauth2/token", { method: "POST", headers, body }));
  });

  it.each(["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/device_authorization"])(
    "%s counts with the others, whatever is asked there",
    async (path) => {
      const world = openBudgets({ clientFailuresPerMinute: 2 });
      const [client, address] = [await registerClient(), someAddress()];
      const form = { ...GRANT, token: "any" };
      for (let at = 0; at < 2; at++)
        expectOAuthError(await callAs(world.isolate, address, guessed(client), form, path), "invalid_client");
      expectTooMany(await callAs(world.isolate, address, guessed(client), form, path));
      for (const other of ["/oauth2/token", "/oauth2/introspect"]) {
        expectTooMany(await callAs(world.isolate, address, guessed(client), form, other));
      }
    },
  );

  it("first-party endpoints count as well, and answer in their own words", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 1 });
    const [client, address] = [await registerApp({ person: { firstParty: true } }), someAddress()];
    const headers = { "content-type": "application/json", "cf-connecting-ip": address };
    const call = (client_secret: string) =>
      world.isolate.fetch("/auth/refresh", {
        method: "POST",
        headers,
        body: JSON.stringify({ client_id: client.id, client_secret, refresh_token: "any" }),
      });
    expect((await call(newSecret())).status).toBe(401);
    const told = await call(newSecret());
    expectProblem(told, 429, "too_many_attempts");
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("ids that no client has share one count: to make ids up makes no objects", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 2 });
    const address = someAddress();
    const statuses: number[] = [];
    for (let at = 0; at < 6; at++) {
      const id = `cli_${String(at).padStart(22, "0")}` as ClientId;
      statuses.push((await callAs(world.isolate, address, { id, secret: newSecret() }, GRANT)).status);
    }
    expect(statuses).toEqual([401, 401, 429, 429, 429, 429]);
    expect(world.guesses.calls).toBe(3);
  });

  it("another isolate, which has not heard of the guesser, refuses from the first failure on", async () => {
    const lockout = { clientFailuresPerMinute: 3 };
    const [client, address] = [await registerClient(), someAddress()];
    await guess(openBudgets(lockout), client, address, 5);
    const other = openBudgets(lockout);
    expect(await guess(other, client, address, 2)).toEqual([429, 429]);
  });

  it("a client that proves itself costs no call, and its single failures leave nothing behind", async () => {
    const { isolate, guesses } = openBudgets();
    const [client, address] = [await registerClient(), someAddress()];
    for (let at = 0; at < 3; at++) expect((await callAs(isolate, address, client, GRANT)).status).toBe(200);
    expect(guesses.calls).toBe(0);
    await callAs(isolate, address, guessed(client), GRANT);
    expect(guesses.calls).toBe(1);
    expect((await callAs(isolate, address, client, GRANT)).status).toBe(200);
    expect(guesses.calls).toBe(1);
  });

  it("while nothing can be counted a wrong secret is still wrong, the right one right, and operators hear of it", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 1 });
    const [client, address] = [await registerClient(), someAddress()];
    world.guesses.health = "failing";
    expect(await guess(world, client, address, 3)).toEqual([401, 401, 401]);
    expect((await callAs(world.isolate, address, client, GRANT)).status).toBe(200);
    expect(logs.events("client_failure_not_counted")).toHaveLength(3);
  });
});

describe("RFC 6749 10.10: codes and tokens are tried out", () => {
  const garbage = [
    { grant_type: "authorization_code", code: "spc_made.up", redirect_uri: "https://app.example/cb" },
    { grant_type: "refresh_token", refresh_token: "spr_made.up" },
    { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "spd_made.up" },
  ];
  const grantTypes = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"] as const;

  it("a public client's: after the budget that address alone is refused unseen, its good tokens too", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 3 });
    const [app, address] = [await registerPublicApp({ grantTypes }), someAddress()];
    const user = await registerUser();
    const { refresh_token } = await signIn(world.isolate, user, app);
    for (const form of garbage) expectOAuthError(await callAs(world.isolate, address, app, form), "invalid_grant");
    for (const form of garbage) expectTooMany(await callAs(world.isolate, address, app, form));
    const good = { grant_type: "refresh_token", refresh_token: String(refresh_token) };
    expectTooMany(await callAs(world.isolate, address, app, good));
    expect((await callAs(world.isolate, someAddress(), app, good)).status).toBe(200);
  });

  it("a made-up secret behind a real locator is counted", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 1 });
    const [app, address] = [await registerPublicApp(), someAddress()];
    const { refresh_token } = await signIn(world.isolate, await registerUser(), app);
    const sealed = String(refresh_token).split(".")[0];
    const forged = () => ({ grant_type: "refresh_token", refresh_token: `${sealed}.${newSecret()}` });
    expectOAuthError(await callAs(world.isolate, address, app, forged()), "invalid_grant");
    expectTooMany(await callAs(world.isolate, address, app, forged()));
  });

  it("strangers who feed made-up codes to a client's server do not keep it out: it proved itself", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 2 });
    const [app, address] = [await registerApp(), someAddress()];
    const form = { grant_type: "authorization_code", code: "spc_made.up", redirect_uri: "https://app.example/cb" };
    const statuses: number[] = [];
    for (let at = 0; at < 5; at++) statuses.push((await callAs(world.isolate, address, app, form)).status);
    expect(statuses).toEqual([400, 400, 429, 429, 429]);
    const { code, verifier } = await plantCode(world.isolate, await registerUser(), app);
    const good = { ...form, code, code_verifier: String(verifier) };
    expect((await callAs(world.isolate, address, app, good)).status).toBe(200);
  });

  it("tokens that were issued once and are over are no guesses, however many come back", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 1 });
    const [app, address] = [await registerPublicApp(), someAddress()];
    const user = await registerUser();
    const { refresh_token } = await signIn(world.isolate, user, app);
    await world.isolate.parts.issuer.accounts.endEverything(user.id, "admin", null, Date.now());
    const form = { grant_type: "refresh_token", refresh_token: String(refresh_token) };
    for (let at = 0; at < 4; at++) expectOAuthError(await callAs(world.isolate, address, app, form), "invalid_grant");
    expect(world.guesses.calls).toBe(0);
  });

  it("an API's server that asks about strangers' garbage is never kept waiting", async () => {
    const world = openBudgets({ clientFailuresPerMinute: 1 });
    const [server, address] = [await registerClient(), someAddress()];
    for (const token of ["spr_made.up", "eyJ.made.up", "garbage", "garbage"]) {
      const told = await callAs(world.isolate, address, server, { token }, "/oauth2/introspect");
      expect([told.status, told.json]).toEqual([200, { active: false }]);
      expect((await callAs(world.isolate, address, server, { token }, "/oauth2/revoke")).status).toBe(200);
    }
    expect(world.guesses.calls).toBe(0);
  });
});

describe("a pace for each client at the token endpoint", () => {
  it("is off by default; where it is set, one client waits and the others do not", async () => {
    const { isolate } = openBudgets({ tokenRequestsPerClientPerMinute: 3 });
    const [client, other] = [await registerClient(), await registerClient()];
    for (let at = 0; at < 3; at++) expect((await callAs(isolate, someAddress(), client, GRANT)).status).toBe(200);
    expectTooMany(await callAs(isolate, someAddress(), client, GRANT));
    expect(logs.events("token_refused").at(-1)).toMatchObject({ reason: "client_pace", client_id: client.id });
    expect((await callAs(isolate, someAddress(), other, GRANT)).status).toBe(200);
    expect(openBudgets().isolate.parts.issuer.tokenPace).toBeNull();
  });

  it("is nothing that strangers can use up: a wrong secret takes none, and of a public client each address has its own", async () => {
    const { isolate } = openBudgets({ tokenRequestsPerClientPerMinute: 1 });
    const [client, app] = [await registerClient(), await registerPublicApp()];
    for (let at = 0; at < 3; at++) await callAs(isolate, someAddress(), guessed(client), GRANT);
    expect((await callAs(isolate, someAddress(), client, GRANT)).status).toBe(200);
    const form = { grant_type: "refresh_token", refresh_token: "spr_made.up" };
    for (let at = 0; at < 3; at++) expectOAuthError(await callAs(isolate, someAddress(), app, form), "invalid_grant");
  });
});
