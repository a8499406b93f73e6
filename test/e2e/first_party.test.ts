import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linkMailedTo } from "./people/mails.ts";
import { PlainBrowser } from "./people/plain_browser.ts";
import { knockWith } from "./people/tokens.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";
import { msUntil } from "./until.ts";

/** M10 over real sockets: an app of the operator's own, from a new account to a dead token. */
let world: PeopleWorld;

beforeAll(async () => {
  world = await startPeopleWorld();
});
afterAll(() => world.dispose());

const NEW = { email: "dorothy@example.org", password: "a wind tunnel and a ledger" };

interface Told {
  readonly status: number;
  readonly type: string | null;
  readonly json: Readonly<Record<string, unknown>>;
}

async function call(name: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
  const answer = await fetch(`${world.url}/auth/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const type = answer.headers.get("content-type");
  return { status: answer.status, type, json: text === "" ? {} : JSON.parse(text) };
}

function problem(told: Told, status: number, code: string): void {
  expect.soft([told.status, told.type, told.json.code]).toEqual([status, "application/problem+json", code]);
}

async function userinfo(token: unknown): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${world.url}/oauth2/userinfo`, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.json()) as Record<string, unknown>;
}

describe("M10: /auth/* end to end", () => {
  test("registers, confirms by mail, signs in, refreshes, and signs out for good", async () => {
    const { id: client_id } = world.demo.firstPartyClient;
    expect(await call("register", { client_id, ...NEW })).toMatchObject({ status: 202 });
    problem(await call("login", { client_id, ...NEW }), 401, "invalid_credentials");
    const reader = new PlainBrowser(world.url, "203.0.113.70");
    const page = await reader.open(new URL(await linkMailedTo(world, NEW.email, "verify_email")));
    expect((await reader.submit(page, "/verify-email", { password: NEW.password })).status).toBe(200);

    const signedIn = await call("login", { client_id, ...NEW });
    expect(signedIn).toMatchObject({ status: 200, json: { token_type: "Bearer" } });
    expect(await knockWith(world.url, String(signedIn.json.access_token))).toBe(200);
    expect(await userinfo(signedIn.json.access_token)).toMatchObject({ email: NEW.email, email_verified: true });

    const refreshed = await call("refresh", { client_id, refresh_token: signedIn.json.refresh_token });
    expect(refreshed.status).toBe(200);
    expect(refreshed.json.refresh_token).not.toBe(signedIn.json.refresh_token);
    expect(await knockWith(world.url, String(refreshed.json.access_token))).toBe(200);

    const last = { client_id, refresh_token: refreshed.json.refresh_token };
    expect((await call("logout", last)).status).toBe(204);
    problem(await call("refresh", last), 400, "invalid_grant");
    expect((await call("logout", last)).status, "again").toBe(204);
    // The gate learns of it by the edge feed, within seconds.
    await msUntil(401, () => knockWith(world.url, String(refreshed.json.access_token)));
  });

  test("RFC 9700 2.4: for nobody else's client, no page of another site, and in no other form", async () => {
    const { firstPartyClient, publicClient, users } = world.demo;
    const { email = "", password = "" } = users[0] ?? {};
    const own = { client_id: firstPartyClient.id, email, password };
    problem(await call("login", { ...own, client_id: publicClient.id }), 403, "client_not_first_party");
    problem(await call("login", own, { origin: "https://evil.example" }), 403, "origin_foreign");
    problem(await call("login", own, { "content-type": "text/plain" }), 415, "unsupported_media_type");
    problem(await call("login", { ...own, password: "not the password of anyone" }), 401, "invalid_credentials");
    expect((await fetch(`${world.url}/auth/login`)).status).toBe(405);
    expect((await call("login", own)).status, "positive control").toBe(200);
  });
});
