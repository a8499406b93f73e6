import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { need, readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { GATEWAY_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { openPeople } from "../support/people_world.ts";
import { problemOf } from "../support/refused.ts";
import { ACTING, SessionBrowser, sessionConfig } from "../support/session_gate.ts";

/* RFC 9470 for who is signed in by a session: from the gate's challenge to a sign-in that is recent enough. */
const logs = captureLogs();
const network = stubNetwork();
const people = openPeople();
const accounts = remoteAccounts((user) => need(readBindings(env), "ACCOUNTS").getByName(user));

beforeAll(migrate);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A gate with a vault that opens to whoever signed in within five minutes, and a safe that never does for a password. */
function vaultGate(): Installation {
  const config = sessionConfig();
  const open = { methods: ["POST" as const], origin: "main", credentials: ["bearer" as const, "session" as const] };
  const policy: ConfigInput["policy"] = {
    resources: { vault: { actions: { open: {}, read: {} } } },
    rules: [
      { id: "fresh", effect: "allow", on: ["vault:open"], when: "true", stepUp: { maxAgeSeconds: 300 } },
      { id: "strong", effect: "allow", on: ["vault:read"], when: "true", stepUp: { acrValues: ["urn:test:hw"] } },
    ],
  };
  config.routes.push(
    { ...open, path: "/vault", action: "vault:open" },
    { ...open, path: "/safe", action: "vault:read" },
  );
  return install({ config: { ...config, policy } });
}

/** Somebody who signed in ten minutes ago. */
async function somebodyFromBefore() {
  const gate = vaultGate();
  const user = await people.someone();
  const browser = new SessionBrowser();
  await browser.signIn(gate, user.email, people.password);
  const openVault = () => browser.go(gate, "/vault", { method: "POST", headers: ACTING });
  expect((await openVault()).status, "at once").toBe(200);
  vi.setSystemTime(Date.now() + 600_000);
  return { gate, user, browser, openVault };
}

const LOGIN = "/login?max_age=300";

describe("a session whose sign-in is too long ago", () => {
  it("is led from the challenge through a new sign-in to a fresh auth_time, and the call is let in", async () => {
    const { gate, user, browser, openVault } = await somebodyFromBefore();
    const refused = await openVault();
    expect(refused.headers.get("www-authenticate")).toContain('error="insufficient_user_authentication"');
    expect(refused.headers.get("www-authenticate")).toContain('max_age="300"');
    const told = await problemOf(refused);
    expect(told).toMatchObject({
      code: "insufficient_user_authentication",
      max_age: 300,
      login: `${GATEWAY_URL}${LOGIN}`,
    });
    expect(logs.lastDecision).toMatchObject({ reason: "step_up", credential: "session" });

    const page = await (await browser.go(gate, LOGIN)).text();
    expect(page).toContain("<h1>Sign in again</h1>");
    expect(page).toContain(`value="${user.email}"`);
    const before = browser.session;
    const fields = { email: user.email, password: people.password };
    const done = await browser.submit(gate, LOGIN, "/login", fields);
    expect([done.status, done.headers.get("location")]).toEqual([303, "/account"]);
    expect(await (await browser.go(gate, "/account")).text()).toContain("You have signed in again.");
    expect(browser.session).not.toBe(before);

    expect((await openVault()).status).toBe(200);
    const { auth_time } = decodeJwt(network.originCalls.at(-1)?.headers.get("sallyport-identity") ?? "");
    expect(auth_time).toBeCloseTo(Date.now() / 1_000, -1);
    expect(await accounts.listSessions(user.id, Date.now()), "the new one took the old one's place").toHaveLength(1);
  });

  it("a wrong password changes nothing: the old session goes on, and opens what it did", async () => {
    const { gate, user, browser, openVault } = await somebodyFromBefore();
    const before = browser.session;
    const told = await browser.submit(gate, LOGIN, "/login", { email: user.email, password: "not the password" });
    expect([told.status, browser.session]).toEqual([401, before]);
    expect(await told.text()).toContain("<h1>Sign in again</h1>");
    expect((await openVault()).status).toBe(401);
    expect((await browser.go(gate, "/basket")).status).toBe(200);
  });

  it("somebody else who signs in there acts for themselves, and the other session is over", async () => {
    const { gate, user, browser, openVault } = await somebodyFromBefore();
    const other = await people.someone();
    await browser.submit(gate, LOGIN, "/login", { email: other.email, password: people.password });
    expect((await openVault()).status).toBe(200);
    expect(decodeJwt(network.originCalls.at(-1)?.headers.get("sallyport-identity") ?? "").sub).toBe(other.id);
    expect(await accounts.listSessions(user.id, Date.now())).toEqual([]);
  });
});

describe("GET /login", () => {
  it.each([
    ["without max_age", ""],
    ["with one that is kept", "?max_age=3600"],
  ])("%s has nothing to ask of who is signed in", async (_, query) => {
    const { gate, browser } = await somebodyFromBefore();
    const told = await browser.go(gate, `/login${query}`);
    expect([told.status, told.headers.get("location")]).toEqual([303, "/account"]);
  });

  it.each(["0", "599", "-1", "soon", "1e9"])("max_age=%s asks for a new sign-in", async (maxAge) => {
    const { gate, browser } = await somebodyFromBefore();
    expect(await (await browser.go(gate, `/login?max_age=${maxAge}`)).text()).toContain("<h1>Sign in again</h1>");
  });

  it("who is not signed in is asked as ever, and nothing of the address stands in the page", async () => {
    const text = await (await new SessionBrowser().go(vaultGate(), '/login?max_age="><script>')).text();
    expect(text).toContain("<h1>Sign in</h1>");
    expect(text).not.toContain('"><script>');
  });
});

it("what no sign-in here can give is refused for good, and nobody is led round in a circle", async () => {
  const { gate, browser } = await somebodyFromBefore();
  const told = await browser.go(gate, "/safe", { method: "POST", headers: ACTING });
  expect(told.status).toBe(403);
  expect(await problemOf(told)).not.toHaveProperty("login");
});
