import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { need } from "../../src/bindings.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { type AdminCaller, adminCaller, migrate } from "../support/admin_world.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { type CodeWishes, plantCode, redeem, refresh, registerApp, signIn } from "../support/grant_world.ts";
import { backstage, bindings, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { openPages } from "../support/pages_world.ts";

const logs = captureLogs();
const isolate = openIsolate();
const pages = openPages();
const accounts = remoteAccounts((user) => need(bindings, "ACCOUNTS").getByName(user));
let admin: AdminCaller;
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  [admin, app] = await Promise.all([adminCaller(), registerApp()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

async function atGate(token: unknown, at = openIsolate()): Promise<number> {
  return (await at.fetch("/orders", { headers: { authorization: `Bearer ${String(token)}` } })).status;
}

/** Presents a refresh token that was spent, after the window in which that is a retry. */
async function replay(token: unknown) {
  const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 11_000);
  try {
    return await refresh(isolate, app, token);
  } finally {
    clock.mockRestore();
  }
}

function grantOf(user: UserRecord, wishes: CodeWishes = {}) {
  return signIn(isolate, user, app, { ...wishes, terms: { sessionId: null, ...wishes.terms } });
}

function mailsTo({ email }: UserRecord) {
  const sql = "SELECT kind, subject, body FROM mail_outbox WHERE recipient = ?";
  return backstage.db.prepare(sql).bind(email).all<{ kind: string; subject: string; body: string }>();
}

describe("M8: a refresh token comes back that was spent", () => {
  it("every session and grant of the user is dead, it is recorded, the user is written to, and the next sign-in works", async () => {
    const [user, bystander] = [await pages.someone(), await pages.someone()];
    const [tab, otherTab] = [pages.browser(), pages.browser()];
    for (const one of [tab, otherTab]) await one.signIn(user.email, pages.password);
    const [stolen, other, foreign] = [await grantOf(user), await grantOf(user), await grantOf(bystander)];
    const successor = await refresh(isolate, app, stolen.refresh_token);
    expect(await atGate(successor.json.access_token), "positive control").toBe(200);
    expect((await tab.go("/account")).status, "positive control").toBe(200);

    expectOAuthError(await replay(stolen.refresh_token), "invalid_grant");

    for (const token of [stolen, successor.json, other]) {
      expect(await atGate(token.access_token)).toBe(401);
      expectOAuthError(await refresh(isolate, app, token.refresh_token), "invalid_grant");
    }
    expect(await accounts.listSessions(user.id, Date.now())).toEqual([]);
    expect(await accounts.listGrants(user.id, Date.now())).toEqual([]);
    for (const one of [tab, otherTab]) expect((await one.go("/account")).headers.get("location")).toBe("/login");

    const { json } = await admin.call("GET", `/users/${user.id}/security-events`);
    expect(json.data).toMatchObject([
      {
        kind: "everything_ended",
        reason: "refresh_reuse",
        client_id: app.id,
        grant_id: expect.stringMatching(/^grt_/),
      },
    ]);
    expect(logs.events("security_event")).toMatchObject([
      {
        event_id: json.data[0]?.id,
        kind: "everything_ended",
        reason: "refresh_reuse",
        user_id: user.id,
        client_id: app.id,
      },
    ]);

    const { results } = await mailsTo(user);
    expect(results.map(({ kind }) => kind)).toEqual(["suspected_theft"]);
    expect(results[0]?.body).toContain("everything that had access was signed out");
    expect(results[0]?.body, "V6.3.7: no secret in it").not.toMatch(/sp[crs]_|token=|grt_/);

    expect((await pages.browser().signIn(user.email, pages.password)).headers.get("location")).toBe("/account");
    const again = await grantOf(user);
    expect([await atGate(again.access_token), (await refresh(isolate, app, again.refresh_token)).status]).toEqual([
      200, 200,
    ]);
    expect(await atGate(foreign.access_token), "somebody else's").toBe(200);
    expect((await mailsTo(bystander)).results).toEqual([]);
  });

  it("presented again and again it is one event and one mail", async () => {
    const user = await pages.someone();
    const stolen = await grantOf(user);
    await refresh(isolate, app, stolen.refresh_token);
    for (let at = 0; at < 5; at++) await replay(stolen.refresh_token);
    expect((await mailsTo(user)).results).toHaveLength(1);
    expect((await admin.call("GET", `/users/${user.id}/security-events`)).json.data).toHaveLength(1);
  });

  it("a retry within the window is no theft: nothing ends and nobody is written to", async () => {
    const user = await pages.someone();
    const first = await grantOf(user);
    await refresh(isolate, app, first.refresh_token);
    expect((await refresh(isolate, app, first.refresh_token)).status).toBe(200);
    expect((await mailsTo(user)).results).toEqual([]);
    expect(logs.events("security_event")).toEqual([]);
  });

  it('with onReuse "grant" that app alone is signed out, and the mail says so', async () => {
    const user = await pages.someone();
    const [stolen, other] = [await grantOf(user, { lifetimes: { onReuse: "grant" } }), await grantOf(user)];
    await refresh(isolate, app, stolen.refresh_token);
    expectOAuthError(await replay(stolen.refresh_token), "invalid_grant");
    expect([await atGate(stolen.access_token), await atGate(other.access_token)]).toEqual([401, 200]);
    const { results } = await mailsTo(user);
    expect(results).toMatchObject([
      { kind: "suspected_theft", body: expect.stringContaining("that app was signed out") },
    ]);
    expect(logs.events("security_event")).toMatchObject([{ kind: "grant_ended", user_id: user.id }]);
  });

  it("RFC 6749 4.1.2: so it is with a code that comes back", async () => {
    const user = await pages.someone();
    const planted = await plantCode(isolate, user, app, { lifetimes: { codeRetryMs: 0 } });
    const first = await redeem(isolate, app, planted);
    expectOAuthError(await redeem(isolate, app, planted), "invalid_grant");
    expect(await atGate(first.json.access_token)).toBe(401);
    expect((await mailsTo(user)).results.map(({ kind }) => kind)).toEqual(["suspected_theft"]);
    const { json } = await admin.call("GET", `/users/${user.id}/security-events`);
    expect(json.data).toMatchObject([{ kind: "grant_ended", reason: "code_spent", client_id: app.id }]);
  });

  it("what an operator or the person ends is recorded, and is no theft", async () => {
    const user = await pages.someone();
    await grantOf(user);
    await admin.call("DELETE", `/users/${user.id}/sessions`);
    expect((await mailsTo(user)).results).toEqual([]);
    expect(logs.events("security_event")).toMatchObject([{ reason: "admin", user_id: user.id }]);
  });
});

describe("GET /users/:id/security-events", () => {
  it("pages from the newest on, and goes on telling of a user who was deleted", async () => {
    const user = await pages.someone();
    for (const reason of ["admin", "sign_out_everywhere", "password_changed"] as const) {
      await accounts.endEverything(user.id, reason, null, Date.now());
    }
    await admin.call("DELETE", `/users/${user.id}`);
    const path = `/users/${user.id}/security-events?limit=3`;
    const first = (await admin.call("GET", path)).json;
    expect(first.data.map(({ reason }) => reason)).toEqual(["deleted", "password_changed", "sign_out_everywhere"]);
    const second = (await admin.call("GET", `${path}&cursor=${first.next_cursor}`)).json;
    expect([second.data.map(({ reason }) => reason), second.next_cursor]).toEqual([["admin"], null]);
  });

  it("an account of which nothing happened has an empty list, and a cursor of another list is none here", async () => {
    const user = await pages.someone();
    const told = await admin.call("GET", `/users/${user.id}/security-events`);
    expect([told.status, told.json.data, told.json.next_cursor]).toEqual([200, [], null]);
    await pages.someone();
    const users = await admin.call("GET", "/users?limit=1");
    const foreign = await admin.call("GET", `/users/${user.id}/security-events?cursor=${users.json.next_cursor}`);
    expect(foreign.json.errors[0]?.field).toBe("cursor");
  });
});
