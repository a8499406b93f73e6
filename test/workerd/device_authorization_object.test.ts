import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { remoteDeviceAuthorizations } from "../../src/adapters/remote/device_authorizations.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { deviceAuthorizationsContract } from "../contract/device_authorizations_contract.ts";
import { approval, deviceStart, LIFE_MS, PRESENTED } from "../support/devices.ts";

const namespace = need(readBindings(env), "DEVICES");
const stub = (name: string) => namespace.getByName(name);
const devices = remoteDeviceAuthorizations(stub);
const stored = (name: string) => runInDurableObject(stub(name), (_, state) => [...state.storage.kv.list()]);
const NOW = Date.now();

deviceAuthorizationsContract({
  make: () => devices,
  broken: () =>
    remoteDeviceAuthorizations(() => {
      throw new Error("broken by the test");
    }),
  restart: (name) => evictDurableObject(stub(name)),
});

describe("DeviceAuthorization object", () => {
  it("tells late devices for a while, deletes itself, and then the code is free", async () => {
    const name = crypto.randomUUID();
    await devices.begin(name, deviceStart(NOW));
    const alarm = await runInDurableObject(stub(name), (_, state) => state.storage.getAlarm());
    expect(alarm).toBe(NOW + LIFE_MS + 600_000);
    expect(await devices.begin(name, deviceStart(NOW))).toBe("conflict");
    expect(await runDurableObjectAlarm(stub(name))).toBe(true);
    expect(await stored(name)).toEqual([]);
    expect(await devices.poll(name, PRESENTED, NOW)).toEqual({ kind: "expired" });
    expect(await devices.begin(name, deviceStart(NOW))).toBe("begun");
  });

  it("a look at one that never was writes nothing", async () => {
    const name = crypto.randomUUID();
    await devices.find(name, NOW);
    await devices.decide(name, approval(), NOW);
    await devices.poll(name, PRESENTED, NOW);
    await devices.redeem(name, PRESENTED, NOW);
    expect(await stored(name)).toEqual([]);
  });
});
