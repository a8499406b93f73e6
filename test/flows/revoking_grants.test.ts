import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { UserRecord } from "../../src/ports/users.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  asClient,
  newSecret,
  refresh,
  registerApp,
  registerPublicApp,
  registerUser,
  signIn,
} from "../support/grant_world.ts";
import { migrate, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const isolate = openIsolate();
const logs = captureLogs();
let app: RegisteredClient;
let publicApp: RegisteredClient;
let user: UserRecord;

beforeAll(async () => {
  await migrate();
  [app, publicApp, user] = await Promise.all([registerApp(), registerPublicApp(), registerUser()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

function revoke(client: Pick<RegisteredClient, "id" | "secret">, token: unknown, more = {}) {
  return asClient(isolate, client, { token: String(token), ...more }, "/oauth2/revoke");
}

async function atGate(token: unknown, at = isolate): Promise<number> {
  return (await at.fetch("/orders", { headers: { authorization: `Bearer ${String(token)}` } })).status;
}

describe("RFC 7009 2.1: revoking a refresh token ends its grant", () => {
  it.each(["confidential", "public"])(
    "of a %s client: its access tokens die within the feed's bound, others live",
    async (kind) => {
      const client = kind === "public" ? publicApp : app;
      const [tokens, bystander] = [await signIn(isolate, user, client), await signIn(isolate, user, client)];
      const warm = openIsolate();
      expect(await atGate(tokens.access_token, warm)).toBe(200);
      const told = await revoke(client, tokens.refresh_token);
      expect([told.status, told.text]).toEqual([200, "{}"]);
      expect(told.headers.get("content-type")).toBe("application/json");
      expect(logs.events("token_revoked").at(-1)).toMatchObject({
        client_id: client.id,
        grant_id: expect.stringMatching(/^grt_/),
        pending: false,
      });
      expectOAuthError(await refresh(isolate, client, tokens.refresh_token), "invalid_grant");
      expect([await atGate(tokens.access_token), await atGate(bystander.access_token)]).toEqual([401, 200]);
      const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_001);
      expect(await atGate(tokens.access_token, warm)).toBe(401);
      clock.mockRestore();
      expect((await refresh(isolate, client, bystander.refresh_token)).status).toBe(200);
    },
  );

  it("an older refresh token of the grant ends it as well", async () => {
    const first = await signIn(isolate, user, app);
    const second = await refresh(isolate, app, first.refresh_token);
    expect((await revoke(app, first.refresh_token)).status).toBe(200);
    expectOAuthError(await refresh(isolate, app, second.json.refresh_token), "invalid_grant");
  });

  it("a person's access token alone: the grant goes on", async () => {
    const tokens = await signIn(isolate, user, app);
    expect((await revoke(app, tokens.access_token, { token_type_hint: "refresh_token" })).status).toBe(200);
    expect(await atGate(tokens.access_token)).toBe(401);
    expect((await refresh(isolate, app, tokens.refresh_token)).status).toBe(200);
  });

  it("twice is 200 twice", async () => {
    const tokens = await signIn(isolate, user, app);
    expect((await revoke(app, tokens.refresh_token)).status).toBe(200);
    expect((await revoke(app, tokens.refresh_token)).status).toBe(200);
  });
});

describe("RFC 7009 2.1, 2.2: who may, and what is no token", () => {
  it("item 114: another client's refresh token is refused and lives on", async () => {
    const tokens = await signIn(isolate, user, app);
    for (const other of [publicApp, await registerApp()]) {
      expectOAuthError(await revoke(other, tokens.refresh_token), "invalid_request");
    }
    expectOAuthError(await revoke({ id: app.id, secret: "wrong" }, tokens.refresh_token), "invalid_client");
    expectOAuthError(await revoke({ id: app.id, secret: "" }, tokens.refresh_token), "invalid_client");
    expect(await atGate(tokens.access_token)).toBe(200);
    expect((await refresh(isolate, app, tokens.refresh_token)).status).toBe(200);
  });

  it("garbage, and garbage behind a real locator, are 200 and change nothing", async () => {
    const tokens = await signIn(isolate, user, app);
    const [locator = ""] = String(tokens.refresh_token).split(".");
    for (const token of ["spr_", "spr_AAAA.x", `${locator}.${newSecret()}`]) {
      const told = await revoke(app, token);
      expect([told.status, told.text]).toEqual([200, "{}"]);
    }
    expect((await refresh(isolate, app, tokens.refresh_token)).status).toBe(200);
  });
});
