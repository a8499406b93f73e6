import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { UserRecord } from "../../src/ports/users.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { plantCode, REDIRECT_URI, refresh, registerApp, registerUser, signIn } from "../support/grant_world.ts";
import { migrate, openIsolate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, formBody, type Parameters } from "../support/token_requests.ts";

/**
 * A request that was begun early and ended late counts as of its end: whoever opens one, waits until a secret is theirs, and only then
 * sends the body gains no time by it.
 */
const isolate = openIsolate();
const logs = captureLogs();
const FORM = "application/x-www-form-urlencoded";
let app: RegisteredClient;
let user: UserRecord;

beforeAll(async () => {
  await migrate();
  [app, user] = await Promise.all([registerApp(), registerUser()]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Lets the clock, which stands still by itself, go on by `ms`. */
function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Posts what `end` gives as a body whose beginning was sent before `end` was asked. */
function held(path: string, end: () => Promise<Parameters>): Promise<Told> {
  let isBegun = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const text = isBegun ? formBody(await end()) : "begun=1&";
      controller.enqueue(new TextEncoder().encode(text));
      if (isBegun) controller.close();
      isBegun = true;
    },
  });
  const headers = { "content-type": FORM, authorization: basic(app) };
  return isolate.fetch(path, { method: "POST", headers, body });
}

function lastReason(): unknown {
  return logs.events("token_refused").at(-1)?.reason;
}

describe("a body that is held back", () => {
  it("RFC 9700 4.14.2: a refresh token that was spent while it was held back is a thief's", async () => {
    const owner = await registerUser();
    const first = await signIn(isolate, owner, app);
    const told = await held("/oauth2/token", async () => {
      expect((await refresh(isolate, app, first.refresh_token)).status).toBe(200);
      pass(10_500);
      return { grant_type: "refresh_token", refresh_token: String(first.refresh_token) };
    });
    expectOAuthError(told, "invalid_grant");
    expect(lastReason()).toBe("refresh_reused");
  });

  it("RFC 6749 4.1.2: a code that ran out while it was held back is too old", async () => {
    const planted = await plantCode(isolate, user, app);
    const told = await held("/oauth2/token", async () => {
      pass(61_000);
      const { code, verifier } = planted;
      return { grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI, code_verifier: verifier ?? "" };
    });
    expectOAuthError(told, "invalid_grant");
    expect(lastReason()).toBe("code_expired");
  });

  it("RFC 7662 2.2: a token that was revoked while it was held back is not active", async () => {
    const { access_token: token, refresh_token } = await signIn(isolate, user, app);
    const told = await held("/oauth2/introspect", async () => {
      const ended = await held("/oauth2/revoke", async () => ({ token: String(refresh_token) }));
      expect(ended.status).toBe(200);
      pass(3_500);
      return { token: String(token) };
    });
    expect(told.json).toEqual({ active: false });
  });

  it("that is there in time changes nothing", async () => {
    const first = await signIn(isolate, user, app);
    const told = await held("/oauth2/token", async () => ({
      grant_type: "refresh_token",
      refresh_token: String(first.refresh_token),
    }));
    expect(told.status).toBe(200);
  });

  it.each([
    ["/oauth2/token", { error: "invalid_request" }],
    ["/oauth2/authorize", { error: "invalid_request" }],
    ["/auth/login", { code: "request_timeout" }],
    ["/login", { code: "request_timeout" }],
  ])("for more than 10 s is waited for no longer: 408 at %s", async (path, body) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = Promise.withResolvers<void>();
    const answer = held(path, () => {
      asked.resolve();
      return new Promise(() => undefined);
    });
    await asked.promise;
    await vi.advanceTimersByTimeAsync(10_000);
    const told = await answer;
    expect(told).toMatchObject({ status: 408, json: body });
    expect(logs.events("request_too_slow").at(-1)).toMatchObject({ path });
  });
});

it.each([
  ["in one piece", (text: string) => text, 413],
  ["in chunks, without saying how long it is", (text: string) => new Blob([text]).stream(), 413],
])("a body of more than 64 KiB %s is refused as such", async (_, bodyOf, status) => {
  const body = bodyOf(formBody({ grant_type: "refresh_token", refresh_token: "x".repeat(64 * 1024) }));
  const headers = { "content-type": FORM, authorization: basic(app) };
  const told = await isolate.fetch("/oauth2/token", { method: "POST", headers, body });
  expect(told).toMatchObject({ status, json: { error: "invalid_request" } });
});
