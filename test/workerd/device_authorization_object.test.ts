import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { remoteDeviceAuthorizations } from "../../src/adapters/remote_device_authorizations.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { DeviceStart } from "../../src/protocol/device_authorization.ts";
import { approval, denial, deviceStart, INTERVAL_MS, LIFE_MS, PRESENTED } from "../support/devices.ts";

const namespace = need(readBindings(env), "DEVICES");
const stub = (name: string) => namespace.getByName(name);
const devices = remoteDeviceAuthorizations(stub);
const stored = (name: string) => runInDurableObject(stub(name), (_, state) => [...state.storage.kv.list()]);
const NOW = Date.now();

async function begun(changes: Partial<DeviceStart> = {}): Promise<string> {
  const name = crypto.randomUUID();
  expect(await devices.begin(name, deviceStart(NOW, changes))).toBe("begun");
  return name;
}

describe("DeviceAuthorization object", () => {
  it("keeps what it was given, and what was decided, through evictions", async () => {
    const name = await begun();
    await evictDurableObject(stub(name));
    const { clientId, codeHash, scopes, resource, endsAtMs } = deviceStart(NOW);
    const request = { clientId, codeHash, scopes, resource, endsAtMs };
    expect(await devices.find(name, NOW)).toEqual({ ...request, verdict: null });
    const verdict = approval();
    expect(await devices.decide(name, verdict, NOW)).toEqual(verdict);
    await evictDurableObject(stub(name));
    expect(await devices.find(name, NOW)).toEqual({ ...request, verdict });
    expect(await devices.poll(name, PRESENTED, NOW)).toMatchObject(verdict);
  });

  it("20 redemptions at once: one, and none after an eviction either", async () => {
    const name = await begun();
    await devices.decide(name, approval(), NOW);
    const told = await Promise.all(Array.from({ length: 20 }, () => devices.redeem(name, PRESENTED, NOW)));
    expect(told.filter(({ kind }) => kind === "approved")).toHaveLength(1);
    await evictDurableObject(stub(name));
    const spent = { kind: "refused", reason: "device_code_spent" };
    expect(await devices.redeem(name, PRESENTED, NOW)).toEqual(spent);
    expect(await devices.poll(name, PRESENTED, NOW)).toEqual(spent);
  });

  it("20 decisions at once: one stands, and all are told which", async () => {
    const name = await begun();
    const verdicts = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? approval() : denial()));
    const told = await Promise.all(verdicts.map((verdict) => devices.decide(name, verdict, NOW)));
    expect(new Set(told.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
    expect(verdicts).toContainEqual(told[0]);
  });

  it("20 polls at once: one is in time, and each of the others makes the interval longer", async () => {
    const name = await begun();
    const told = await Promise.all(Array.from({ length: 20 }, () => devices.poll(name, PRESENTED, NOW)));
    expect(told.filter(({ kind }) => kind === "pending")).toHaveLength(1);
    expect(told.filter(({ kind }) => kind === "slow_down")).toHaveLength(19);
    const longerMs = INTERVAL_MS + 19 * 5_000;
    expect(await devices.poll(name, PRESENTED, NOW + longerMs)).toEqual({ kind: "pending" });
  });

  it("a user code that is taken stays its device's, also when that one is through", async () => {
    const name = await begun();
    const second = deviceStart(NOW, { codeHash: "the second's hash" });
    expect(await devices.begin(name, second)).toBe("conflict");
    await devices.decide(name, denial(), NOW);
    expect(await devices.begin(name, second)).toBe("conflict");
    expect(await devices.poll(name, PRESENTED, NOW)).toEqual({ kind: "denied" });
  });

  it("ends at the millisecond, tells late devices for a while, deletes itself, and then the code is free", async () => {
    const name = await begun();
    expect(await devices.find(name, NOW + LIFE_MS - 1)).not.toBeNull();
    expect(await devices.find(name, NOW + LIFE_MS)).toBeNull();
    expect(await devices.decide(name, approval(), NOW + LIFE_MS)).toBeNull();
    expect(await devices.poll(name, PRESENTED, NOW + LIFE_MS)).toEqual({ kind: "expired" });
    const alarm = await runInDurableObject(stub(name), (_, state) => state.storage.getAlarm());
    expect(alarm).toBe(NOW + LIFE_MS + 600_000);
    expect(await runDurableObjectAlarm(stub(name))).toBe(true);
    expect(await stored(name)).toEqual([]);
    expect(await devices.poll(name, PRESENTED, NOW)).toEqual({ kind: "expired" });
    expect(await devices.begin(name, deviceStart(NOW))).toBe("begun");
  });

  it("a look at one that never was writes nothing", async () => {
    const name = crypto.randomUUID();
    expect(await devices.find(name, NOW)).toBeNull();
    expect(await devices.decide(name, approval(), NOW)).toBeNull();
    expect(await devices.poll(name, PRESENTED, NOW)).toEqual({ kind: "expired" });
    expect(await devices.redeem(name, PRESENTED, NOW)).toEqual({ kind: "expired" });
    expect(await stored(name)).toEqual([]);
  });

  it("an object that fails is an outage", async () => {
    const broken = remoteDeviceAuthorizations(() => {
      throw new Error("broken by the test");
    });
    await expect(broken.poll("any", PRESENTED, NOW)).rejects.toBeInstanceOf(Outage);
  });
});
