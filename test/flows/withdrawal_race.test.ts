import { beforeAll, describe, expect, it } from "vitest";
import { consentGiver } from "../../src/issuing/authorizing.ts";
import { type Connections, withdrawAccess } from "../../src/issuing/connected_apps.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import type { ClientId } from "../../src/protocol/ids.ts";
import {
  agreed,
  consents,
  expectCode,
  expectError,
  issuer,
  landed,
  locationOf,
  TestBrowser,
} from "../support/authorize_world.ts";
import { registerApp } from "../support/grant_world.ts";
import { migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

let app: RegisteredClient;
let other: RegisteredClient;
beforeAll(async () => {
  await migrate();
  app = await registerApp();
  other = await registerApp();
});
captureLogs();

const SILENTLY = { prompt: "none" };

function who({ signedIn }: TestBrowser) {
  if (signedIn === null) throw new Error("nobody");
  return { ...signedIn, user: signedIn.user as UserRecord };
}

/** A browser that was asked for consent, and its answer. */
async function asked(client: RegisteredClient) {
  const tab = new TestBrowser();
  await tab.signIn();
  const { json } = await tab.go(locationOf(await tab.authorize(client)));
  return { tab, allow: () => tab.post("/consent", { tx: json.tx, form_token: json.formToken, decision: "allow" }) };
}

/** Looks at the session anew, as each request of a browser does: one withdrawal later. */
function lookAgain(browser: TestBrowser): void {
  const { user, session } = who(browser);
  browser.signedIn = { user, session: { ...session, withdrawals: session.withdrawals + 1 } };
}

const withdraw = (browser: TestBrowser, client: RegisteredClient, atMs = Date.now()) =>
  withdrawAccess(who(browser).user.id, client.id as ClientId, { ...issuer, consents } as unknown as Connections, atMs);

/** What the account page would list. */
async function left(browser: TestBrowser) {
  const { user } = who(browser);
  const grants = await issuer.accounts.listGrants(user.id, Date.now());
  const agreements = await consents.list(consentGiver(who(browser)));
  return [...grants, ...agreements].map(({ clientId }) => clientId);
}

describe("V10.7.3: access is withdrawn while an authorization is under way", () => {
  it("a request that has seen session and consent before, and comes to the account after it, gets no code", async () => {
    const browser = await agreed(app);
    const { user } = who(browser);
    await issuer.accounts.endGrantsOf(user.id, app.id as ClientId, Date.now() - 60_000);
    expectError(await browser.authorize(app, SILENTLY), "access_denied");
    expect(await issuer.accounts.listGrants(user.id, Date.now())).toEqual([]);
  });

  it("a request that comes to the account first has its code, and the withdrawal ends it", async () => {
    const browser = await agreed(app);
    expectCode(await browser.authorize(app, SILENTLY));
    await withdraw(browser, app);
    expect(await left(browser)).toEqual([]);
  });

  it("a page that asked before gives nothing afterwards, and leaves no agreement behind", async () => {
    const browser = await asked(app);
    await withdraw(browser.tab, app, Date.now() + 1);
    lookAgain(browser.tab);
    expectError(await browser.allow(), "access_denied");
    expect(await left(browser.tab)).toEqual([]);
    expect(landed(await browser.tab.authorize(app)).at, "the next request asks").toBe("/consent");
  });

  it("a page that asks for another client gives what it asks for", async () => {
    const browser = await asked(other);
    await withdraw(browser.tab, app, Date.now() + 1);
    lookAgain(browser.tab);
    expectCode(await browser.allow());
    expect(await left(browser.tab)).toContain(other.id);
  });

  it("of a decision and a withdrawal at once, in whichever order they come, nothing is left", async () => {
    for (let turn = 0; turn < 8; turn++) {
      const { tab, allow } = await asked(app);
      const nowMs = Date.now() + 1;
      await Promise.all(turn % 2 === 0 ? [allow(), withdraw(tab, app, nowMs)] : [withdraw(tab, app, nowMs), allow()]);
      expect(await left(tab)).toEqual([]);
    }
  });
});
