import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "./people/loopback_client.ts";
import { type MadeClient, newClient } from "./people/new_client.ts";
import { nextStop, PlainBrowser, type Read } from "./people/plain_browser.ts";
import { authorizeByHand } from "./people/sign_in.ts";
import { tokenCall } from "./people/tokens.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

/*
 * The authorization endpoint over real HTTP, where a runtime's own parsers stand in front of ours.
 */

const CALLBACK = "https://a.example/cb";
const NATIVE = "http://127.0.0.1/callback";

let world: PeopleWorld;
let web: MadeClient;
let addresses = 0;

beforeAll(async () => {
  world = await startPeopleWorld();
  web = await newClient(world, {
    name: "Shop",
    application_type: "web",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [CALLBACK],
  });
});

afterAll(async () => {
  await world?.dispose();
});

function newBrowser(): PlainBrowser {
  addresses += 1;
  return new PlainBrowser(world.url, `198.51.100.${addresses}`);
}

function ada() {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  return user;
}

type Extra = Readonly<Record<string, string>>;

/** A request of the web client; `extra` replaces what is there, and `raw` is appended as it stands. */
function requestOf(extra: Extra = {}, raw = ""): URL {
  const { url } = ask(
    world.url,
    { clientId: web.id, redirectUri: CALLBACK },
    { scope: "openid orders:read", ...extra },
  );
  return new URL(url + raw);
}

function send(extra: Extra = {}, raw = ""): Promise<Read> {
  return newBrowser().send(requestOf(extra, raw));
}

/** Nobody was sent anywhere. */
function expectPage({ status, headers }: Read, what: string): void {
  expect.soft([status, headers.get("location")], what).toEqual([400, null]);
  expect.soft(headers.get("content-type"), what).toBe("text/html; charset=utf-8");
}

/** The parameters of an error that was redirected, which carry `iss` once (RFC 9207). */
function redirected(answer: Read): Readonly<Record<string, string>> {
  const back = nextStop(answer);
  expect(answer.status).toBe(303);
  expect(back?.href.startsWith(CALLBACK)).toBe(true);
  expect(back?.searchParams.getAll("iss")).toEqual([world.url]);
  return Object.fromEntries(back?.searchParams ?? []);
}

describe("RFC 9700 4.1.3: the redirect URI, character by character", () => {
  test.each([
    `${CALLBACK}/`,
    `${CALLBACK}?x=1`,
    `${CALLBACK}#f`,
    "https://A.EXAMPLE/cb",
    "https://a.example/CB",
    "https://a.example/%63b",
    "https://a.example/x/../cb",
    "https://a.example/./cb",
    "https://a.example:443/cb",
    "https://user@a.example/cb",
    "http://a.example/cb",
    "https://sub.a.example/cb",
    "https://a.example.evil.test/cb",
    "https://a.example@evil.test/cb",
    "https://evil.test\\@a.example/cb",
    "https://evil.test#@a.example/cb",
    "//evil.test/cb",
    "https:a.example/cb",
    " https://a.example/cb",
    "https://a.example/cb ",
    "https://a.exam\tple/cb",
    "https://a.example/cb\n",
    "https://\u0430.example/cb",
    "javascript:alert(1)//a.example/cb",
    "",
  ])("%j leads nowhere", async (redirect_uri) => {
    expectPage(await send({ redirect_uri }), redirect_uri);
  });

  test.each(["%00", "%zz", "%"])("one with %s in it is refused before any route looks at it", async (part) => {
    const url = requestOf();
    url.searchParams.delete("redirect_uri");
    const answer = await newBrowser().send(new URL(`${url.href}&redirect_uri=${encodeURIComponent(CALLBACK)}${part}`));
    expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  test("the one that is registered leads on; without a client, or with another one, nothing does", async () => {
    const answer = await send();
    expect([answer.status, nextStop(answer)?.pathname]).toEqual([303, "/login"]);
    expectPage(await send({ client_id: "cli_0000000000000000000000" }), "an unknown client");
    expectPage(await send({ client_id: world.demo.publicClient.id }), "another client's");
    expectPage(await newBrowser().send(new URL("/oauth2/authorize", world.url)), "nothing at all");
  });

  test("RFC 8252 7.3: a native client's loopback address varies in its port, and in nothing else", async () => {
    const client_id = world.demo.publicClient.id;
    for (const redirect_uri of [NATIVE, "http://127.0.0.1:1234/callback", "http://127.0.0.1:5678/callback"]) {
      expect.soft((await send({ client_id, redirect_uri })).status, redirect_uri).toBe(303);
    }
    for (const redirect_uri of [
      "http://localhost:1234/callback",
      "http://127.0.0.1:1234/other",
      "http://127.0.0.2:1234/callback",
      "http://127.1:1234/callback",
      "http://2130706433/callback",
      "http://[::1]:1234/callback",
      "https://127.0.0.1:1234/callback",
      "http://127.0.0.1:99999/callback",
      "http://127.0.0.1:1234@evil.test/callback",
    ]) {
      expectPage(await send({ client_id, redirect_uri }), redirect_uri);
    }
  });
});

describe("RFC 6749 4.1.2.1: what is refused is told to the client", () => {
  test.each([
    ["token", "unsupported_response_type"],
    ["id_token token", "unsupported_response_type"],
    ["code token", "unsupported_response_type"],
    ["none", "unsupported_response_type"],
    ["", "invalid_request"],
  ])("response_type %j is %s, and no token is in a URL", async (response_type, error) => {
    const told = redirected(await send({ response_type, state: "s" }));
    expect(told).toMatchObject({ error, state: "s" });
    expect(told).not.toHaveProperty("access_token");
  });

  test.each([
    [{ code_challenge: "" }, "invalid_request"],
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ code_challenge_method: "s256" }, "invalid_request"],
    [{ code_challenge: "a".repeat(42) }, "invalid_request"],
    [{ prompt: "none login" }, "invalid_request"],
    [{ prompt: "none" }, "login_required"],
    [{ max_age: "-1" }, "invalid_request"],
    [{ scope: "bogus" }, "invalid_scope"],
    [{ scope: "admin" }, "invalid_scope"],
    [{ resource: "https://unknown.example/" }, "invalid_target"],
  ])("%j is %s", async (extra, error) => {
    expect(redirected(await send({ ...extra, state: "s" } as Extra))).toMatchObject({ error, state: "s" });
  });

  test.each(["state=x", "scope=openid", "code_challenge_method=S256", "response_type=code", "nonce=a&nonce=b"])(
    "a parameter that is there twice (%s) is invalid_request",
    async (raw) => {
      expect(redirected(await send({}, `&${raw}`))).toMatchObject({ error: "invalid_request" });
    },
  );

  test("one that says who asks is not told to anybody when it is there twice", async () => {
    expectPage(await send({}, `&client_id=${web.id}`), "client_id twice");
    expectPage(await send({}, `&redirect_uri=${encodeURIComponent(CALLBACK)}`), "redirect_uri twice");
  });

  test("RFC 9101: a request object is refused, and nobody fetches one", async () => {
    let fetched = 0;
    const listener = createServer((_, response) => {
      fetched += 1;
      response.end();
    });
    await new Promise<void>((resolve) => {
      listener.listen(0, "127.0.0.1", resolve);
    });
    const request_uri = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/object`;
    expect(redirected(await send({ request_uri }))).toMatchObject({ error: "request_uri_not_supported" });
    expect(redirected(await send({ request: "eyJhbGciOiJub25lIn0.e30." }))).toMatchObject({
      error: "request_not_supported",
    });
    expect(fetched).toBe(0);
    await new Promise((resolve) => listener.close(resolve));
  });

  test("RFC 6749 3.1, Core 3.1.2.6: what is unknown or only a wish changes nothing", async () => {
    const wishes = { foo: "bar", claims: '{"userinfo":{}}', acr_values: "x", ui_locales: "de", display: "popup" };
    for (const [name, value] of Object.entries({ ...wishes, login_hint: "ada", id_token_hint: "none.of.ours" })) {
      expect.soft((await send({ [name]: value })).status, name).toBe(303);
    }
  });
});

describe("what comes back", () => {
  test.each([
    ["spaces and signs", "a b&c=d+e%20f#g?h/\\\"'<>"],
    ["words of many scripts", "žluťoučký кот 猫 🔐"],
    ["2,000 characters", "x".repeat(2_000)],
    ["line breaks", "a\r\nSet-Cookie: b=c"],
  ])("RFC 6749 4.1.2: a state of %s comes back as it was sent", async (_, state) => {
    const browser = newBrowser();
    const back = await authorizeByHand(browser, requestOf({ state }), { user: ada() });
    expect(back.searchParams.get("state")).toBe(state);
    expect(back.searchParams.getAll("iss")).toEqual([world.url]);
    expect(back.searchParams.has("code")).toBe(true);
    expect(redirected(await browser.send(requestOf({ state, prompt: "none login" })))).toMatchObject({ state });
  });

  test("without a state none comes back", async () => {
    const url = requestOf();
    url.searchParams.delete("state");
    const back = await authorizeByHand(newBrowser(), url, { user: ada() });
    expect([...back.searchParams.keys()].sort()).toEqual(["code", "iss"]);
  });

  test("RFC 9700 4.12, V14.2.1: each redirect is a 303, and no secret is in a URL, a page or the log", async () => {
    const seen: Read[] = [];
    class Watching extends PlainBrowser {
      override async send(url: URL, form: Extra | null = null): Promise<Read> {
        const answer = await super.send(url, form);
        seen.push(answer);
        return answer;
      }
    }
    const browser = new Watching(world.url, "198.51.100.250");
    const { url, verifier } = ask(
      world.url,
      { clientId: web.id, redirectUri: CALLBACK },
      { scope: "openid offline_access orders:read", prompt: "consent" },
    );
    const back = await authorizeByHand(browser, new URL(url), { user: ada() });
    const code = back.searchParams.get("code") ?? "";
    const fields = { grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: verifier };
    const tokens = await tokenCall(world.url, { clientId: web.id, secret: web.secret }, fields);
    expect(tokens.error).toBeUndefined();
    const redirects = seen.filter(({ headers }) => headers.has("location"));
    expect(redirects.length).toBeGreaterThanOrEqual(4);
    expect(redirects.map(({ status }) => status).filter((status) => status !== 303)).toEqual([]);
    const secrets = [ada().password, web.secret, tokens.access_token, tokens.refresh_token, tokens.id_token];
    const cookies = [...browser.jar.values()];
    const places = [
      ...seen.map((answer) => answer.url.href),
      ...seen.map(({ headers }) => headers.get("location") ?? ""),
      ...seen.map(({ text }) => text),
      world.log(),
    ];
    for (const secret of [...secrets, ...cookies]) {
      expect(secret?.length ?? 0).toBeGreaterThan(15);
      expect(places.filter((place) => place.includes(secret ?? ""))).toEqual([]);
    }
    expect(world.log()).toContain("signed_in");
    expect(world.log()).not.toContain(code);
  });

  test("RFC 9700 2.6: no script of another site reads any of it", async () => {
    for (const method of ["GET", "OPTIONS"]) {
      const answer = await fetch(requestOf(), { method, redirect: "manual", headers: { origin: "https://evil.test" } });
      expect.soft(answer.headers.get("access-control-allow-origin"), method).toBeNull();
      await answer.body?.cancel();
    }
  });
});
