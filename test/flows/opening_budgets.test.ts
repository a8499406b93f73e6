import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { openDeviceCode } from "../../src/issuing/device_code.ts";
import { query } from "../support/authorize_world.ts";
import { registerDeviceClient } from "../support/device_world.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { registerApp } from "../support/grant_world.ts";
import { type Isolate, migrate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { callAs, openBudgets, someAddress } from "../support/strangers.ts";

const bindings = readBindings(env);
const logs = captureLogs();
let app: RegisteredClient;
let device: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerApp();
  device = await registerDeviceClient({ authMethods: ["none"], secrets: [] });
});

function authorize(isolate: Isolate, address: string, changes: Record<string, string> = {}): Promise<Told> {
  return isolate.fetch(`/oauth2/authorize?${query(app, changes)}`, { headers: { "cf-connecting-ip": address } });
}

async function askDevice(isolate: Isolate, address: string): Promise<Told> {
  const form = { scope: "openid orders:read" };
  const told = await callAs(isolate, address, { id: device.id, secret: "" }, form, "/oauth2/device_authorization");
  for (const name of ["device_code", "user_code"]) if (told.json[name] !== undefined) secret(String(told.json[name]));
  return told;
}

/** How many of `count` calls of one address were answered with `status`. */
async function count(status: number, times: number, call: (address: string) => Promise<Told>): Promise<number> {
  const address = someAddress();
  let found = 0;
  for (let at = 0; at < times; at++) if ((await call(address)).status === status) found += 1;
  return found;
}

describe("strangers have objects made at the authorization endpoint", () => {
  it("one address begins so many sign-ins a minute, and is told on a page to wait; others are not held up", async () => {
    const { isolate } = openBudgets({ transactionsPerAddressPerMinute: 20 });
    const address = someAddress();
    const statuses: number[] = [];
    for (let at = 0; at < 30; at++) statuses.push((await authorize(isolate, address)).status);
    // Two that the isolate gives by itself, and the twenty.
    expect(statuses).toEqual([...Array(22).fill(303), ...Array(8).fill(429)]);
    const told = await authorize(isolate, address);
    expect(told.headers.get("content-type")).toContain("text/html");
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(told.text).toMatch(/Please wait (?:one |\d+ )/);
    expect(told.headers.has("location")).toBe(false);
    const [line] = logs.events("authorization_refused");
    expect(line).toMatchObject({ reason: "transactions_throttled", address, client_id: app.id });
    expect((await authorize(isolate, someAddress())).status).toBe(303);
  });

  it("whoever has a /56 or a /48 of IPv6 has not the budget of each /64 in it, nor each isolate's part of it", async () => {
    const { isolate, guesses } = openBudgets({ transactionsPerAddressPerMinute: 10 });
    const site = `2001:db8:${crypto.getRandomValues(new Uint16Array(1))[0]?.toString(16)}`;
    const from = async (unit: number) => (await authorize(isolate, `${site}:${unit.toString(16)}::1`)).status;
    const home: number[] = [];
    for (let at = 0; at < 60; at++) home.push(await from(at));
    // Four that the isolate gives by itself, and the forty of the home.
    expect(home).toEqual([...Array(44).fill(303), ...Array(16).fill(429)]);
    const { calls } = guesses;
    expect(await from(0xff), "an address that nobody used yet").toBe(429);
    expect(guesses.calls).toBe(calls);
    expect(await from(0x100), "the home next door").toBe(303);
  });

  it("a person pays nothing, and neither does what begins no sign-in", async () => {
    const { isolate, guesses } = openBudgets();
    for (let at = 0; at < 5; at++) expect((await authorize(isolate, someAddress())).status).toBe(303);
    const address = someAddress();
    for (let at = 0; at < 60; at++) await authorize(isolate, address, { prompt: "none" });
    for (let at = 0; at < 30; at++) expect((await authorize(isolate, address)).status).toBe(303);
    expect(guesses.calls).toBe(0);
  });

  it("a flood that was refused asks no further, and goes on when its time has come", async () => {
    const { isolate, guesses } = openBudgets({ transactionsPerAddressPerMinute: 2 });
    const [address, startMs] = [someAddress(), Date.now()];
    const clock = vi.spyOn(Date, "now").mockReturnValue(startMs);
    for (let at = 0; at < 20; at++) await authorize(isolate, address);
    expect(guesses.calls).toBe(3);
    clock.mockReturnValue(startMs + 60_000);
    const told = await authorize(isolate, address);
    clock.mockRestore();
    expect(told.status).toBe(303);
  });

  it("while nothing can be counted people still begin, and a flood is told to come back", async () => {
    const { isolate, guesses } = openBudgets({ transactionsPerAddressPerMinute: 20 });
    guesses.health = "failing";
    const address = someAddress();
    expect([(await authorize(isolate, address)).status, (await authorize(isolate, address)).status]).toEqual([
      303, 303,
    ]);
    expect((await authorize(isolate, address)).status).toBe(503);
  });

  it("what was begun is deleted with its storage when its time is over", async () => {
    const { isolate } = openBudgets();
    const told = await authorize(isolate, someAddress());
    const id = /tx=([\w-]+)/.exec(told.headers.get("location") ?? "")?.[1] ?? "";
    await expectSwept(need(bindings, "TRANSACTIONS").getByName(id));
  });
});

describe("strangers have objects made at the device authorization endpoint (RFC 8628 3.1)", () => {
  it("one address gets so many device codes a minute, then 429; others are not held up", async () => {
    const { isolate } = openBudgets({ deviceCodesPerAddressPerMinute: 10 });
    expect(await count(200, 15, (address) => askDevice(isolate, address))).toBe(11);
    const address = someAddress();
    for (let at = 0; at < 11; at++) expect((await askDevice(isolate, address)).status).toBe(200);
    const told = await askDevice(isolate, address);
    expectOAuthError(told, "slow_down", 429);
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(logs.events("device_authorization_refused").at(-1)).toMatchObject({
      reason: "device_codes_throttled",
      address,
    });
  });

  it("a device pays nothing; while nothing can be counted devices begin, and a flood hears 503", async () => {
    const { isolate, guesses } = openBudgets({ deviceCodesPerAddressPerMinute: 10 });
    guesses.health = "failing";
    const address = someAddress();
    expect((await askDevice(isolate, address)).status).toBe(200);
    expect(guesses.calls).toBe(0);
    expectOAuthError(await askDevice(isolate, address), "temporarily_unavailable", 503);
  });

  it("what was begun is deleted with its storage when nobody can come any more", async () => {
    const { isolate } = openBudgets();
    const { json } = await askDevice(isolate, someAddress());
    const opened = await openDeviceCode(String(json.device_code), isolate.parts.issuer.secrets);
    await expectSwept(need(bindings, "DEVICES").getByName(opened?.name ?? ""));
  });
});

/** That the object holds something now, has an alarm, and after it nothing at all: no row, no alarm. */
async function expectSwept<O extends Rpc.DurableObjectBranded>(stub: DurableObjectStub<O>): Promise<void> {
  const kept = () =>
    runInDurableObject(stub, async (_, { storage }) => ({
      rows: [...storage.kv.list()].length,
      alarm: (await storage.getAlarm()) !== null,
    }));
  expect(await kept()).toEqual({ rows: 1, alarm: true });
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await kept()).toEqual({ rows: 0, alarm: false });
}
