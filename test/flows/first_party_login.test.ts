// Long because each rule of a sign-in has its attack and its positive control beside it.
import { decodeJwt } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { signIn } from "../../src/issuing/sign_in.ts";
import { Busy } from "../../src/kernel/busy.ts";
import type { ClientId } from "../../src/protocol/ids.ts";
import { breakable } from "../support/breakable.ts";
import { expectProblem } from "../support/expect_problem.ts";
import { nextAddress, openFirstParty, ownApp, ownServer, PASSWORD, someone } from "../support/first_party_world.ts";
import { registerApp, registerPublicApp } from "../support/grant_world.ts";
import { API, bindings, ISSUER_URL, migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { basic } from "../support/token_requests.ts";

const WRONG = secret("some other words entirely");
const world = openFirstParty();
const logs = captureLogs();
let app: RegisteredClient;
let server: RegisteredClient;

beforeAll(async () => {
  await migrate();
  [app, server] = await Promise.all([ownApp(), ownServer()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

describe("M10: an app of the operator's own signs its user in", () => {
  it("answers with RFC 6749 5.1's body, and the tokens work", async () => {
    const user = await someone({ roles: ["manager"] });
    const told = await world.login(app, user.email);
    expect([told.status, told.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.json).toMatchObject({ token_type: "Bearer", expires_in: 900 });
    expect(told.json.refresh_token).toMatch(/^spr_[\w-]+\.[\w-]{43}$/);
    const claims = decodeJwt(String(told.json.access_token));
    expect(claims).toMatchObject({
      iss: ISSUER_URL,
      aud: [ISSUER_URL, API],
      sub: user.id,
      client_id: app.id,
      roles: ["manager"],
      scope: told.json.scope,
    });
    expect(claims.grant_id).toMatch(/^grt_/);
    expect(await world.atGate(told.json.access_token)).toBe(200);
    const line = { user_id: user.id, client_id: app.id, grant_id: claims.grant_id, path: "/auth/login" };
    expect(logs.events("signed_in")).toEqual([expect.objectContaining(line)]);
    expect(logs.lines).toHaveLength(2);
  });

  it("is no browser session: no cookie is set, and none that comes along is looked at", async () => {
    const user = await someone();
    const told = await world.post(
      "/auth/login",
      { client_id: app.id, email: user.email, password: PASSWORD },
      { cookie: "sallyport_session=sps_planted.AAAA; sallyport_known=AAAAAAAAAAAAAAAAAAAAAA" },
    );
    expect(told.status).toBe(200);
    expect(told.headers.has("set-cookie")).toBe(false);
    const accounts = world.people.accounts;
    expect(await accounts.listSessions(user.id, Date.now())).toEqual([]);
    expect(await accounts.listGrants(user.id, Date.now())).toMatchObject([{ clientId: app.id, resource: null }]);
  });

  it("gives the client's default scopes and no others, never those of the issuer itself", async () => {
    const user = await someone();
    const scopesOf = async (wishes: Parameters<typeof ownApp>[0]) =>
      (await world.login(await ownApp(wishes), user.email)).json.scope;
    expect(await scopesOf({ scopes: ["openid", "orders:read", "orders:write"], defaultScopes: ["orders:read"] })).toBe(
      "orders:read",
    );
    expect(await scopesOf({ scopes: ["admin", "orders:read"] })).toBe("orders:read");
    const none = await world.login(await ownApp({ scopes: ["admin"] }), user.email);
    expectProblem(none, 400, "invalid_scope");
  });

  it("OpenID Connect Core 2: the ID token says when and how the user signed in", async () => {
    const user = await someone();
    const { json } = await world.login(app, user.email);
    const claims = decodeJwt(String(json.id_token));
    expect(claims).toMatchObject({ iss: ISSUER_URL, sub: user.id, aud: app.id, amr: ["pwd"] });
    expect(Math.abs(Number(claims.auth_time) - Date.now() / 1000)).toBeLessThan(10);
    expect([claims.nonce, claims.sid]).toEqual([undefined, undefined]);
  });

  it("a pairwise client gets its own sector's subject, in both tokens", async () => {
    const user = await someone();
    const pairwise = await ownApp({ person: { subjectType: "pairwise", sector: "own.example" } });
    const { json } = await world.login(pairwise, user.email);
    const [access, id] = [decodeJwt(String(json.access_token)), decodeJwt(String(json.id_token))];
    expect(access.sub).toBe(id.sub);
    expect(access.sub).not.toBe(user.id);
    expect(await world.people.subjects.userOf(String(access.sub))).toBe(user.id);
  });

  it("a name and a password are one however they are written", async () => {
    const { people } = world;
    const user = await someone({
      passwordHash: await people.passwords.hash("crème brûlée à onze heures".normalize("NFC")),
    });
    const phrase = secret("crème brûlée à onze heures".normalize("NFD"));
    expect((await world.login(app, ` ${user.email.toUpperCase()} `, phrase)).status).toBe(200);
  });
});

describe("RFC 9700 2.4: the fence round endpoints that see passwords", () => {
  it("other clients, disabled ones and those that do not exist are told the same, before any hash", async () => {
    const user = await someone();
    const verify = vi.spyOn(world.people.passwords, "verify");
    const outsiders = [
      ["client_of_another_party", await registerPublicApp()],
      ["client_of_another_party", await registerApp()],
      ["client_disabled", await ownApp({ disabled: true })],
      ["refresh_not_allowed", await ownApp({ grantTypes: ["authorization_code"] })],
      ["unknown_client", { id: `cli_${"0".repeat(22)}` }],
      ["unknown_client", { id: "__proto__" }],
      ["unknown_client", { id: "' OR 1=1 --" }],
    ] as const;
    const bodies = new Set<string>();
    for (const [reason, outsider] of outsiders) {
      for (const password of [PASSWORD, WRONG]) {
        const told = await world.post("/auth/login", { client_id: outsider.id, email: user.email, password });
        expectProblem(told, 403, "client_not_first_party");
        expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason, error: "client_not_first_party" });
        bodies.add(JSON.stringify({ ...told.json, request_id: "" }));
      }
    }
    expect(bodies.size).toBe(1);
    expect(verify).not.toHaveBeenCalled();
    expect((await world.login(app, user.email)).status).toBe(200);
  });

  it.each(["/auth/register", "/auth/refresh", "/auth/logout"])("%s has the same fence", async (path) => {
    const [user, outsider] = [await someone(), await registerPublicApp()];
    const { json } = await world.login(app, user.email);
    const more = path === "/auth/register" ? { email: "new@people.example", password: PASSWORD } : tokenOf(json);
    expectProblem(await world.post(path, { client_id: outsider.id, ...more }), 403, "client_not_first_party");
    expect((await world.post(path, { client_id: app.id, ...more })).status).toBeLessThan(300);
  });

  it("the password grant does not exist beside it", async () => {
    const user = await someone();
    const body = new URLSearchParams({ grant_type: "password", client_id: app.id, username: user.email });
    body.set("password", PASSWORD);
    const told = await world.isolate.fetch("/oauth2/token", { method: "POST", body });
    expect([told.status, told.json.error]).toEqual([400, "unsupported_grant_type"]);
  });

  it("a confidential client proves itself, in the body or by Basic, and in one way", async () => {
    const user = await someone();
    const credentials = { email: user.email, password: PASSWORD };
    const asServer = { client_id: server.id, ...credentials };
    const login = (body: object, authorization?: string) =>
      world.post("/auth/login", body, authorization === undefined ? {} : { authorization });
    expect((await login({ ...asServer, client_secret: server.secret })).status).toBe(200);
    expect((await login(asServer, basic(server))).status).toBe(200);
    const refused: readonly (readonly [object, string | undefined, string])[] = [
      [asServer, undefined, "method_not_registered"],
      [{ ...asServer, client_secret: "wrong" }, undefined, "wrong_secret"],
      [asServer, basic({ ...server, secret: "wrong" }), "wrong_secret"],
      [asServer, "Bearer abc", "malformed_basic"],
      [{ client_id: app.id, ...credentials, client_secret: "any" }, undefined, "method_not_registered"],
    ];
    for (const [body, authorization, reason] of refused) {
      expectProblem(await login(body, authorization), 401, "invalid_client");
      expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason });
    }
    expectProblem(await login({ ...asServer, client_secret: server.secret }, basic(server)), 400, "invalid_request");
    expectProblem(await login({ client_id: app.id, ...credentials }, basic(server)), 400, "invalid_request");
  });
});

describe("a password that is replaced while the old one is being checked", () => {
  it.each([
    ["meanwhile", 401],
    ["not at all", 200],
  ] as const)("%s: %i", async (when, status) => {
    const user = await someone();
    const { accounts } = world.people;
    const epochOf = async (...asked: Parameters<typeof accounts.epochOf>) => {
      const epoch = await accounts.epochOf(...asked);
      if (when === "meanwhile") await accounts.endEverything(user.id, "password_reset", null, Date.now());
      return epoch;
    };
    const told = await openFirstParty({ people: { accounts: { ...accounts, epochOf } } }).login(app, user.email);
    expect(told.status).toBe(status);
    expect(await accounts.listGrants(user.id, Date.now())).toHaveLength(status === 200 ? 1 : 0);
    if (status === 200) return;
    expectProblem(told, 401, "invalid_credentials");
    expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason: "proof_superseded", user_id: user.id });
  });
});

describe("V10.7.3: access that is withdrawn while its app signs the user in", () => {
  it.each([
    ["meanwhile", 401],
    ["before", 200],
    ["of another app, meanwhile", 200],
  ] as const)("%s: %i", async (when, status) => {
    const user = await someone();
    const { accounts } = world.people;
    const withdraw = (client: RegisteredClient, atMs: number) =>
      accounts.endGrantsOf(user.id, client.id as ClientId, atMs);
    if (when === "before") await withdraw(app, Date.now() - 1);
    const epochOf = async (...asked: Parameters<typeof accounts.epochOf>) => {
      if (when === "meanwhile") await withdraw(app, Date.now() + 1);
      if (when === "of another app, meanwhile") await withdraw(server, Date.now() + 1);
      return accounts.epochOf(...asked);
    };
    const told = await openFirstParty({ people: { accounts: { ...accounts, epochOf } } }).login(app, user.email);
    expect(told.status).toBe(status);
    expect(await accounts.listGrants(user.id, Date.now())).toHaveLength(status === 200 ? 1 : 0);
    if (status === 200) return;
    expectProblem(told, 401, "invalid_credentials");
    expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason: "access_withdrawn", user_id: user.id });
    vi.setSystemTime(Date.now() + 2);
    expect((await world.login(app, user.email)).status, "signs in anew").toBe(200);
  });
});

describe("M12: guesses", () => {
  it("wrong, unknown, disabled and passwordless look alike, and cost one hash each", async () => {
    const [known, disabled, invited] = [
      await someone(),
      await someone({ disabled: true }),
      await someone({ passwordHash: null }),
    ];
    const verify = vi.spyOn(world.people.passwords, "verify");
    const cases = [
      [known.email, WRONG, "wrong_password"],
      [known.email, PASSWORD.toUpperCase(), "wrong_password"],
      [known.email, `${PASSWORD} `, "wrong_password"],
      [known.email, "\ud800", "wrong_password"],
      ["nobody@people.example", PASSWORD, "unknown_user"],
      ["' OR 1=1 --", PASSWORD, "unknown_user"],
      [disabled.email, PASSWORD, "user_disabled"],
      [invited.email, PASSWORD, "wrong_password"],
    ] as const;
    secret(PASSWORD.toUpperCase());
    const answers = new Set<string>();
    for (const [email, password, reason] of cases) {
      const told = await world.login(app, email, password);
      expectProblem(told, 401, "invalid_credentials");
      answers.add(JSON.stringify([{ ...told.json, request_id: "" }, told.headers.get("www-authenticate")]));
      expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason, client_id: app.id });
    }
    expect(answers.size).toBe(1);
    expect(verify).toHaveBeenCalledTimes(cases.length);
    expect(logs.events("sign_in_refused")[0]).toMatchObject({ user_id: known.id });
    expect((await world.login(app, known.email)).status).toBe(200);
  });

  it("Workers of other zones share an address and no budget: one zone that guesses locks out itself", async () => {
    const strict = openFirstParty({ lockout: { attemptsPerAddressPerMinute: 2 } });
    const user = await someone();
    const from = (zone: string, address = "2a06:98c0:3600::103") => ({
      "cf-connecting-ip": address,
      "cf-worker": zone,
    });
    const guess = async (headers: Record<string, string>) => {
      const email = `${crypto.randomUUID()}@people.example`;
      return (await strict.post("/auth/login", { client_id: app.id, email, password: WRONG }, headers)).status;
    };
    const [abuser, honest] = [`${crypto.randomUUID()}.example`, `${crypto.randomUUID()}.example`];
    for (const status of [401, 401, 429]) expect(await guess(from(abuser))).toBe(status);
    expect(await guess(from(abuser.toUpperCase())), "one zone, however it is written").toBe(429);
    const body = { client_id: app.id, email: user.email, password: PASSWORD };
    expect((await strict.post("/auth/login", body, from(honest))).status).toBe(200);
    const own = nextAddress();
    for (const status of [401, 401, 429])
      expect(await guess(from(crypto.randomUUID(), own)), "a word alone").toBe(status);
  });

  it("five a minute from one address, whatever headers and names it sends, and others go on", async () => {
    const strict = openFirstParty({ lockout: { attemptsPerAddressPerMinute: 5 } });
    const user = await someone();
    const from = { "cf-connecting-ip": nextAddress() };
    const told: number[] = [];
    for (let guess = 0; guess < 8; guess++) {
      const email = `${guess}.${crypto.randomUUID()}@people.example`;
      const dodges = { "x-forwarded-for": nextAddress(), "true-client-ip": nextAddress(), "user-agent": `v${guess}` };
      const body = { client_id: app.id, email, password: WRONG };
      told.push((await strict.post("/auth/login", body, { ...from, ...dodges })).status);
    }
    expect(told).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const body = { client_id: app.id, email: user.email, password: PASSWORD };
    const late = await strict.post("/auth/login", body, from);
    expectProblem(late, 429, "too_many_attempts");
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(Number(late.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    expect((await strict.post("/auth/login", body)).status).toBe(200);
  });

  it("ten failures lock a name in every spelling, alike where it does not exist, and nothing is hashed any more", async () => {
    const user = await someone();
    for (const name of [user.email, `nobody.${crypto.randomUUID()}@people.example`]) {
      const verify = vi.spyOn(world.people.passwords, "verify").mockClear();
      const spellings = [name, name.toUpperCase(), ` ${name}`, name.replace("@", "＠")];
      const told: number[] = [];
      for (let guess = 0; guess < 13; guess++) {
        told.push((await world.login(app, spellings[guess % 4] ?? name, WRONG)).status);
      }
      expect(told).toEqual([...Array(10).fill(401), ...Array(3).fill(429)]);
      expect(verify).toHaveBeenCalledTimes(10);
      const locked = await world.login(app, name);
      expectProblem(locked, 429, "too_many_attempts");
      expect(locked.headers.get("retry-after")).toBe("900");
    }
  });

  it("twenty guesses at once are no more than ten", async () => {
    const user = await someone();
    const told = await Promise.all(Array.from({ length: 20 }, () => world.login(app, user.email, WRONG)));
    const statuses = told.map(({ status }) => status);
    // Some hashes wait too long behind the others: those were counted all the same.
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
    expect(statuses.filter((status) => status === 200)).toEqual([]);
  });

  it("the failures of a name are forgotten once its password was right", async () => {
    const user = await someone();
    for (let round = 0; round < 2; round++) {
      for (let guess = 0; guess < 9; guess++) await world.login(app, user.email, WRONG);
      expect((await world.login(app, user.email)).status).toBe(200);
    }
  });

  it("the budget is that of the page: what failed here counts there", async () => {
    const user = await someone();
    for (let guess = 0; guess < 10; guess++) await world.login(app, user.email, WRONG);
    const visitor = { address: nextAddress(), knownBrowser: null, label: "a browser" };
    const credentials = { email: user.email, password: PASSWORD };
    expect(await signIn(credentials, visitor, null, world.people, Date.now())).toMatchObject({
      error: { kind: "throttled" },
    });
  });
});

describe("when something is out", () => {
  it("too many hashes wait: 503 with Retry-After, and nobody is signed in", async () => {
    const user = await someone();
    const busy = { hash: () => Promise.reject(new Busy(3)), verify: () => Promise.reject(new Busy(3)) };
    const told = await openFirstParty({ people: { passwords: busy } }).login(app, user.email);
    expectProblem(told, 503, "temporarily_unavailable");
    expect(told.headers.get("retry-after")).toBe("3");
    expect(logs.events("sign_in_refused").at(-1)).toMatchObject({ reason: "busy" });
  });

  it.each(["GUESSES", "ACCOUNTS", "SIGNING_KEYS"] as const)("%s is out: 503, no token, no grant left", async (name) => {
    const user = await someone();
    const broken = breakable(bindings[name] as object);
    const half = openFirstParty({ bindings: { [name]: broken.binding } });
    broken.health = "failing";
    expectProblem(await half.login(app, user.email), 503, "temporarily_unavailable");
    expect(logs.events("outage")).toHaveLength(1);
    expect(await world.people.accounts.listGrants(user.id, Date.now())).toEqual([]);
    expect((await world.login(app, user.email)).status).toBe(200);
  });

  it("a blocked account is told what everybody is told", async () => {
    const user = await someone();
    await world.people.accounts.setBlocked(user.id, true, "disabled", Date.now());
    expectProblem(await world.login(app, user.email), 401, "invalid_credentials");
    await world.people.accounts.setBlocked(user.id, false, "admin", Date.now());
    expect((await world.login(app, user.email)).status).toBe(200);
  });
});

function tokenOf(json: Readonly<Record<string, unknown>>) {
  return { refresh_token: json.refresh_token };
}
