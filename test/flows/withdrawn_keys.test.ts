import { env } from "cloudflare:workers";
import { importJWK, SignJWT } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import {
  API,
  backstage,
  ISSUER_URL,
  type Isolate,
  migrate,
  openIsolate,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { encryption } from "../support/ring_world.ts";
import { tokenOf } from "../support/token_requests.ts";

const MINUTE_MS = 60_000;
captureLogs();
beforeAll(migrate);

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

let clock: { mockRestore(): void } | null = null;

/** Sets the clock; it is back to the real one after the test. */
function timeIs(nowMs: number): void {
  clock?.mockRestore();
  clock = vi.spyOn(Date, "now").mockReturnValue(nowMs);
}

afterEach(() => {
  clock?.mockRestore();
  clock = null;
});

async function atGate(isolate: Isolate, token: string): Promise<number> {
  return (await isolate.fetch("/orders", { headers: { authorization: `Bearer ${token}` } })).status;
}

/** Steals the active key, as one does who has the ring's storage and its key-encryption key; signs tokens at will. */
async function thief() {
  const { sealed, kid } = await backstage.ring().signingKey("ES256");
  const kek = need(readBindings(env), "SIGNING_KEK");
  const key = await importJWK(JSON.parse(await encryption(kek).open(sealed, `signing-keys/${kid}`)), "ES256");
  return () => {
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { client_id: "cli_thief", scope: "orders:read", iat: seconds, exp: seconds + 900 };
    return new SignJWT({ ...claims, iss: ISSUER_URL, aud: API, sub: "cli_thief", jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid })
      .sign(key);
  };
}

describe("item 123: a key that leaked and was withdrawn", () => {
  it.each([1, 10, 26, 40, 59, 61, 24 * 60 - 1])(
    "opens nothing %i minutes later, not even an isolate that slept through the withdrawal",
    async (minutes) => {
      const startMs = Date.now();
      const sleeper = openIsolate();
      const forge = await thief();
      expect(await atGate(sleeper, await forge())).toBe(200);
      await backstage.ring().rotate([], true);
      timeIs(startMs + minutes * MINUTE_MS);
      expect(await atGate(sleeper, await forge())).toBe(401);
      const honest = await tokenOf(openIsolate(), await registerClient());
      expect(await atGate(sleeper, honest)).toBe(200);
    },
  );

  it("opens nothing where it had been retired by an ordinary rotation before anyone knew", async () => {
    const startMs = Date.now();
    const sleeper = openIsolate();
    const forge = await thief();
    await backstage.ring().rotate(["ES256"], true);
    await backstage.ring().rotate(["ES256"], false);
    const again = await thief();
    timeIs(startMs + 301_000);
    expect((await backstage.ring().rotate(["ES256"], false)).rotations[0]?.outcome).toBe("rotated");
    expect(await atGate(sleeper, await again())).toBe(200);
    await backstage.ring().rotate(["ES256"], true);
    timeIs(startMs + 305_000);
    expect([await atGate(sleeper, await again()), await atGate(sleeper, await forge())]).toEqual([401, 401]);
  });
});

describe("an isolate that signs", () => {
  it("signs with the next key as soon as it knows of the rotation, though it holds the old one open", async () => {
    const isolate = openIsolate();
    const client = await registerClient();
    const old = await tokenOf(isolate, client);
    await backstage.ring().rotate([], true);
    timeIs(Date.now() + 3_001);
    const fresh = await tokenOf(isolate, client);
    expect(fresh.split(".")[0]).not.toBe(old.split(".")[0]);
    expect([await atGate(isolate, old), await atGate(isolate, fresh)]).toEqual([401, 200]);
  });
});
