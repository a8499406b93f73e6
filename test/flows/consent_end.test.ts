import { beforeAll, describe, expect, it } from "vitest";
import { consentGiver } from "../../src/issuing/authorizing.ts";
import type { EndReason } from "../../src/ports/accounts.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import {
  agreed,
  consents,
  expectCode,
  expectError,
  issuer,
  landed,
  type TestBrowser,
} from "../support/authorize_world.ts";
import { eventually } from "../support/eventually.ts";
import { registerApp } from "../support/grant_world.ts";
import { backstage, migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

let app: RegisteredClient;
beforeAll(async () => {
  await migrate();
  app = await registerApp();
});
captureLogs();

const SILENTLY = { prompt: "none" };

/** Who is signed in: a whole user, for the test signed them in. */
function who({ signedIn }: TestBrowser) {
  if (signedIn === null) throw new Error("nobody");
  return { ...signedIn, user: signedIn.user as UserRecord };
}

async function rowsOf(user: string): Promise<number> {
  const row = await backstage.db.prepare("SELECT count(*) AS n FROM consents WHERE user_id = ?").bind(user).first("n");
  return Number(row);
}

describe("RFC 9700 4.11.2: a consent ends with everything else of its user", () => {
  it.each<EndReason>(["password_reset", "refresh_reuse", "sign_out_everywhere", "password_changed", "admin"])(
    "%s: a client that a thief agreed to gets no code without asking any more, and its row goes",
    async (reason) => {
      const browser = await agreed(app);
      const { user } = who(browser);
      expectCode(await browser.authorize(app, SILENTLY));
      await issuer.accounts.endEverything(user.id, reason, null, Date.now());
      const owner = await issuer.accounts.epochOf(user.id, Date.now());
      expect(await consents.find({ user: user.id, epoch: owner }, app.id, "")).toBeNull();
      await browser.signIn(user, 60_000);
      expectError(await browser.authorize(app, SILENTLY), "consent_required");
      expect(landed(await browser.authorize(app)).at).toBe("/consent");
      await eventually(async () => expect(await rowsOf(user.id)).toBe(0));
    },
  );

  it("what is agreed to afterwards counts again", async () => {
    const browser = await agreed(app);
    const { user } = who(browser);
    await issuer.accounts.endEverything(user.id, "password_reset", null, Date.now());
    await browser.signIn(user, 60_000);
    await browser.agree(app, ["openid", "orders:read"]);
    expectCode(await browser.authorize(app, SILENTLY));
  });

  it("a row that was not cleared away counts for nothing", async () => {
    const browser = await agreed(app);
    const { user } = who(browser);
    const before = consentGiver(who(browser));
    await issuer.accounts.endEverything(user.id, "password_reset", null, Date.now());
    await eventually(async () => expect(await rowsOf(user.id)).toBe(0));
    await consents.add(before, app.id, "", ["openid", "orders:read"], Date.now());
    expect(await rowsOf(user.id), "as if the clearing had never run").toBe(1);
    await browser.signIn(user, 60_000);
    expectError(await browser.authorize(app, SILENTLY), "consent_required");
  });

  it("a request that was on its way when everything ended gets no code, in a session that lives on", async () => {
    const browser = await agreed(app);
    const { user, session } = who(browser);
    await issuer.accounts.endEverything(user.id, "password_changed", session.id, Date.now());
    // The browser's session was looked at before, and so was the consent: as if neither end had been seen.
    await eventually(async () => expect(await rowsOf(user.id)).toBe(0));
    await browser.agree(app, ["openid", "orders:read"]);
    expectError(await browser.authorize(app, SILENTLY), "access_denied");
    expect(await issuer.accounts.listGrants(user.id, Date.now())).toEqual([]);
  });
});
