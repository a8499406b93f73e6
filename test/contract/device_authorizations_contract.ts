import { describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { DeviceAuthorizations } from "../../src/ports/device_authorizations.ts";
import type { DeviceStart } from "../../src/protocol/device_authorization.ts";
import { approval, denial, deviceStart, INTERVAL_MS, LIFE_MS, PRESENTED } from "../support/devices.ts";
import { OTHER_CLIENT } from "../support/grants.ts";

export interface DevicesUnderTest {
  make(): DeviceAuthorizations;
  broken(): DeviceAuthorizations;
  /** Ends whatever of the device behind `name` is not in storage. */
  restart(name: string): Promise<unknown>;
}

const NOW = Date.now();

/** What every keeper of device authorizations promises (RFC 8628). */
export function deviceAuthorizationsContract({ make, broken, restart }: DevicesUnderTest): void {
  describe("device authorizations", () => {
    const devices = make();

    async function begun(changes: Partial<DeviceStart> = {}): Promise<string> {
      const name = crypto.randomUUID();
      expect(await devices.begin(name, deviceStart(NOW, changes))).toBe("begun");
      return name;
    }

    it("keeps what it was given, and what was decided, through restarts", async () => {
      const name = await begun();
      await restart(name);
      const { clientId, codeHash, scopes, resource, endsAtMs } = deviceStart(NOW);
      const request = { clientId, codeHash, scopes, resource, endsAtMs };
      expect(await devices.find(name, NOW)).toEqual({ ...request, verdict: null });
      const verdict = approval();
      expect(await devices.decide(name, verdict, NOW)).toEqual(verdict);
      await restart(name);
      expect(await devices.find(name, NOW)).toEqual({ ...request, verdict });
      expect(await devices.poll(name, PRESENTED, NOW)).toMatchObject(verdict);
    });

    it("20 redemptions at once: one, and none after a restart either", async () => {
      const name = await begun();
      await devices.decide(name, approval(), NOW);
      expect(await devices.poll(name, PRESENTED, NOW), "polling spends nothing").toMatchObject({ kind: "approved" });
      const told = await Promise.all(Array.from({ length: 20 }, () => devices.redeem(name, PRESENTED, NOW)));
      expect(told.filter(({ kind }) => kind === "approved")).toHaveLength(1);
      await restart(name);
      const spent = { kind: "refused", reason: "device_code_spent" };
      expect(await devices.redeem(name, PRESENTED, NOW)).toEqual(spent);
      expect(await devices.poll(name, PRESENTED, NOW)).toEqual(spent);
    });

    it("what was not approved is not redeemed, nor by another client or with another code", async () => {
      const name = await begun();
      expect(await devices.redeem(name, PRESENTED, NOW)).toEqual({ kind: "pending" });
      await devices.decide(name, approval(), NOW);
      for (const wrong of [{ clientId: OTHER_CLIENT }, { codeHash: "a guess" }]) {
        expect(await devices.redeem(name, { ...PRESENTED, ...wrong }, NOW)).toMatchObject({ kind: "refused" });
      }
      expect(await devices.redeem(name, PRESENTED, NOW), "control").toMatchObject({ kind: "approved" });
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

    it("ends at the millisecond", async () => {
      const name = await begun();
      expect(await devices.find(name, NOW + LIFE_MS - 1)).not.toBeNull();
      expect(await devices.find(name, NOW + LIFE_MS)).toBeNull();
      expect(await devices.decide(name, approval(), NOW + LIFE_MS)).toBeNull();
      expect(await devices.poll(name, PRESENTED, NOW + LIFE_MS)).toEqual({ kind: "expired" });
      const approved = await begun();
      await devices.decide(approved, approval(), NOW);
      expect(await devices.redeem(approved, PRESENTED, NOW + LIFE_MS)).toEqual({ kind: "expired" });
    });

    it("one that never was looks like one that is over", async () => {
      const name = crypto.randomUUID();
      expect(await devices.find(name, NOW)).toBeNull();
      expect(await devices.decide(name, approval(), NOW)).toBeNull();
      expect(await devices.poll(name, PRESENTED, NOW)).toEqual({ kind: "expired" });
      expect(await devices.redeem(name, PRESENTED, NOW)).toEqual({ kind: "expired" });
    });

    it("what cannot be reached is an outage, never an answer", async () => {
      const down = broken();
      await expect(down.begin("any", deviceStart(NOW))).rejects.toBeInstanceOf(Outage);
      await expect(down.find("any", NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.decide("any", approval(), NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.poll("any", PRESENTED, NOW)).rejects.toBeInstanceOf(Outage);
      await expect(down.redeem("any", PRESENTED, NOW)).rejects.toBeInstanceOf(Outage);
    });
  });
}
