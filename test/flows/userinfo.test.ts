import { beforeAll, describe, expect, it, vi } from "vitest";
import { D1PairwiseSubjects } from "../../src/adapters/d1/pairwise_subjects.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { asClient, registerApp, registerUser, signIn } from "../support/grant_world.ts";
import {
  API,
  backstage,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
  type Told,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { boundAnew, postForm, tokenOf } from "../support/token_requests.ts";

const USERINFO = "/oauth2/userinfo";
const isolate = openIsolate();
const logs = captureLogs();
let app: RegisteredClient;
let user: UserRecord;

beforeAll(async () => {
  await migrate();
  app = await registerApp();
  user = await registerUser({ profile: { name: "Ada Lovelace", phoneNumber: "+441234", address: "London" } });
});

function ask(token: unknown, init: RequestInit = {}, at = isolate): Promise<Told> {
  return at.fetch(USERINFO, { ...init, headers: { authorization: `Bearer ${String(token)}`, ...init.headers } });
}

async function tokenFor(...scopes: string[]): Promise<string> {
  return String((await signIn(isolate, user, app, { terms: { scopes } })).access_token);
}

/** That `told` refuses the token: 401 with a challenge that says so, and nothing about a person. */
function expectRefused(told: Told, status = 401, error = "invalid_token"): void {
  expect([told.status, told.json.error]).toEqual([status, error]);
  expect(told.headers.get("www-authenticate")).toMatch(new RegExp(`^Bearer error="${error}"`));
  expect(told.headers.get("cache-control")).toBe("no-store");
  expect(Object.keys(told.json).sort()).toEqual(["error", "error_description"]);
}

describe("OpenID Connect Core 5.3: UserInfo", () => {
  it("tells by GET what the scopes open, never cached", async () => {
    const told = await ask(await tokenFor("openid", "profile", "email", "phone", "address"));
    expect(told.status).toBe(200);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect(told.json).toEqual({
      sub: user.id,
      name: "Ada Lovelace",
      updated_at: Math.floor(user.updatedAtMs / 1000),
      email: user.email,
      email_verified: true,
      phone_number: "+441234",
      phone_number_verified: false,
      address: { formatted: "London" },
    });
    expect(logs.events("userinfo_told").at(-1)).toMatchObject({ user_id: user.id, client_id: app.id });
  });

  it("item 131: openid alone opens the subject alone", async () => {
    expect((await ask(await tokenFor("openid"))).json).toEqual({ sub: user.id });
    expect(Object.keys((await ask(await tokenFor("openid", "email"))).json)).toEqual([
      "sub",
      "email",
      "email_verified",
    ]);
  });

  it("5.3.1: by POST, with the token in the header or in the form", async () => {
    const token = await tokenFor("openid");
    expect((await ask(token, { method: "POST" })).json.sub).toBe(user.id);
    expect((await postForm(isolate, USERINFO, { access_token: token })).json.sub).toBe(user.id);
    expect((await postForm(isolate, USERINFO, "a=b", { authorization: `Bearer ${token}` })).json.sub).toBe(user.id);
  });

  it.each(["bearer", "BEARER", "bEaReR"])("item 130: the scheme %s is Bearer", async (scheme) => {
    const headers = { authorization: `${scheme} ${await tokenFor("openid")}` };
    expect((await isolate.fetch(USERINFO, { headers })).status).toBe(200);
  });

  it("8: the subject is the one that the client knows", async () => {
    const subject = await new D1PairwiseSubjects(backstage.db, platformRandom).subjectOf(user.id, "app.example");
    const { access_token: token } = await signIn(isolate, user, app, {
      terms: { subject, scopes: ["openid", "email"] },
    });
    expect((await ask(token)).json).toMatchObject({ sub: subject, email: user.email });
  });
});

describe("RFC 6750 3: what does not open it", () => {
  it("no token: a challenge that names no error", async () => {
    for (const init of [{}, { method: "POST" }, { headers: { authorization: "Basic YTpi" } }]) {
      const told = await isolate.fetch(USERINFO, init);
      expect([told.status, told.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    }
  });

  it.each(["garbage", "a.b.c", "spr_AAAA"])("%s", async (token) => {
    expectRefused(await ask(token));
    expectRefused(await postForm(isolate, USERINFO, { access_token: token }));
  });

  it("a header that is no credential", async () => {
    expectRefused(await isolate.fetch(USERINFO, { headers: { authorization: "Bearer a b" } }));
  });

  it("item 128: a token for the API alone, though openid was granted", async () => {
    const { access_token: token } = await signIn(isolate, user, app, { terms: { resource: API, scopes: ["openid"] } });
    expectRefused(await ask(token));
    expect(logs.events("userinfo_refused").at(-1)).toMatchObject({ reason: "token_audience_wrong" });
  });

  it("RFC 8705 3: one that is bound, for nothing here sees the caller's certificate", async () => {
    const token = await tokenFor("openid");
    expect((await ask(await boundAnew(isolate, token, {}))).status).toBe(401);
    for (const cnf of [{ "x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" }, { jkt: "x" }]) {
      expectRefused(await ask(await boundAnew(isolate, token, cnf)));
      expect(logs.events("userinfo_refused").at(-1)).toMatchObject({ reason: "token_sender_constrained" });
    }
    expect((await ask(token)).status).toBe(200);
  });

  it("a token without openid, and a client's own: 403 that names the scope", async () => {
    const machine = await registerClient();
    for (const token of [await tokenFor("orders:read"), await tokenOf(isolate, machine)]) {
      const told = await ask(token);
      expectRefused(told, 403, "insufficient_scope");
      expect(told.headers.get("www-authenticate")).toContain('scope="openid"');
    }
  });

  it("an expired one", async () => {
    const token = await tokenFor("openid");
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 900_000);
    expectRefused(await ask(token));
    clock.mockRestore();
    expect((await ask(token)).status).toBe(200);
  });

  it("a revoked one, one of a revoked grant, one of a person whose everything ended", async () => {
    const person = await registerUser();
    const { accounts } = isolate.parts.issuer;
    const ends = {
      token: (tokens: Told["json"]) => asClient(isolate, app, { token: String(tokens.access_token) }, "/oauth2/revoke"),
      grant: (tokens: Told["json"]) =>
        asClient(isolate, app, { token: String(tokens.refresh_token) }, "/oauth2/revoke"),
      user: () => accounts.endEverything(person.id, "admin", null, Date.now()),
    };
    for (const [what, end] of Object.entries(ends)) {
      const tokens = await signIn(isolate, person, app);
      expect((await ask(tokens.access_token)).status, what).toBe(200);
      await end(tokens);
      expectRefused(await ask(tokens.access_token, {}, openIsolate()));
    }
  });

  it("one of a person who is disabled or gone", async () => {
    const person = await registerUser();
    const { access_token: token } = await signIn(isolate, person, app);
    await backstage.db.prepare("UPDATE users SET disabled = 1, version = 2 WHERE id = ?").bind(person.id).run();
    expectRefused(await ask(token));
    await backstage.db.prepare("DELETE FROM users WHERE id = ?").bind(person.id).run();
    expectRefused(await ask(token));
  });
});

describe("RFC 6750 2: one credential, in the header or the body", () => {
  it("header and body together are 400, alike or not; so are two headers and two in the body", async () => {
    const [token, other] = [await tokenFor("openid"), await tokenFor("openid")];
    for (const body of [token, other]) {
      const both = await postForm(isolate, USERINFO, { access_token: body }, { authorization: `Bearer ${token}` });
      expectRefused(both, 400, "invalid_request");
    }
    expectRefused(await postForm(isolate, USERINFO, { access_token: [token, token] }), 400, "invalid_request");
    const twice = await isolate.fetch(USERINFO, { headers: { authorization: `Bearer ${token}, Bearer ${token}` } });
    expectRefused(twice, 400, "invalid_request");
    expect((await ask(token)).status).toBe(200);
  });

  it("item 129: a token in the query is never honoured, nor logged", async () => {
    const token = await tokenFor("openid");
    const told = await isolate.fetch(`${USERINFO}?access_token=${token}`);
    expect([told.status, told.json.sub]).toEqual([400, undefined]);
    expect(logs.lines.some((line) => line.includes(token))).toBe(false);
  });

  it.each(["PUT", "DELETE", "PATCH"])("%s is 405", async (method) => {
    const told = await ask(await tokenFor("openid"), { method });
    expect([told.status, told.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
  });
});
