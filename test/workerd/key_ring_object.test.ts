import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SignatureAlgorithm } from "../../src/protocol/jws.ts";
import { RING_FEED_ID } from "../../src/protocol/signing_key_ring.ts";
import { eventually } from "../support/eventually.ts";
import { captureLogs } from "../support/logs.ts";
import { newRing, SETTINGS } from "../support/ring_world.ts";

const logs = captureLogs();
const ALL: readonly SignatureAlgorithm[] = ["ES256", "RS256", "PS256", "EdDSA"];

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

function times<T>(count: number, work: (at: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => work(at)));
}

describe("KeyRing object: bootstrap", () => {
  it("50 parallel first calls agree on one active and one next key per algorithm", async () => {
    const { ring, describeKeys } = await newRing({ algorithms: ALL });
    const answers = await times(50, () => ring.published());
    expect(new Set(answers.map(({ keys }) => keys.map(({ kid }) => kid).join())).size).toBe(1);
    const described = (await describeKeys()).map(({ alg, status }) => `${alg} ${status}`);
    expect(described.sort()).toEqual(ALL.flatMap((alg) => [`${alg} active`, `${alg} next`]).sort());
  });

  it("what signs is published", async () => {
    const { ring } = await newRing({});
    const [{ kid, version }, published] = [await ring.signingKey("ES256"), await ring.published()];
    expect(published.keys.map((key) => key.kid)).toContain(kid);
    expect(version).toBe(published.version);
  });
});

describe("KeyRing object: a storm of rotations", () => {
  it("50 at once leave one active key per algorithm, and every token signed meanwhile verifies", async () => {
    const { ring, sign, describeKeys } = await newRing({ algorithms: ["ES256", "EdDSA"] });
    await ring.published();
    const [rotations, tokens] = await Promise.all([
      times(50, () => ring.rotate([], false)),
      times(50, (at) => sign(at % 2 === 0 ? "ES256" : "EdDSA")),
    ]);
    expect(rotations.every(({ announced }) => announced)).toBe(true);
    const keys = await describeKeys();
    for (const alg of ["ES256", "EdDSA"]) {
      const own = keys.filter((key) => key.alg === alg).map(({ status }) => status);
      expect(own.sort()).toEqual(["active", "next", "retired"]);
    }
    const published = new Map((await ring.published()).keys.map((key) => [key.kid, key]));
    for (const token of [...tokens, await sign("ES256"), await sign("EdDSA")]) {
      const { kid = "", alg } = decodeProtectedHeader(token);
      const { kid: _kid, ...jwk } = published.get(kid) ?? { kty: "missing", kid: "" };
      await jwtVerify(token, await importJWK({ ...jwk }, alg));
    }
  });

  it("50 emergencies at once leave one active key, and whatever signed before is withdrawn and told", async () => {
    const { ring, feed, describeKeys } = await newRing({});
    const before = await ring.signingKey("ES256");
    await times(50, () => ring.rotate(["ES256"], true));
    const left = await describeKeys();
    expect(left.map(({ status }) => status)).toEqual(["active", "next"]);
    const withdrawn = feed.told.filter(({ kind }) => kind === "kid").map(({ id }) => id);
    expect(withdrawn).toContain(before.kid);
    expect(left.filter(({ kid }) => withdrawn.includes(kid))).toEqual([]);
  });

  it.each([
    ["before", [false, true]],
    ["behind", [true, false]],
  ])("an ordinary rotation just %s an emergency does not save the key that signed", async (_, order) => {
    const { ring, feed, making } = await newRing({});
    const before = await ring.signingKey("ES256");
    const begun = making.waiting;
    let open = () => {};
    making.gate = new Promise((resolve) => {
      open = resolve;
    });
    const rotations = order.map((emergency) => ring.rotate(["ES256"], emergency));
    await eventually(() => expect(making.waiting).toBe(begun + 2));
    open();
    await Promise.all(rotations);
    expect((await ring.published()).keys.map(({ kid }) => kid)).not.toContain(before.kid);
    expect(feed.told).toContainEqual(expect.objectContaining({ kind: "kid", id: before.kid }));
  });

  it("rotations that wait for one key share it, and so are one rotation", async () => {
    const { ring, making, describeKeys } = await newRing({});
    await ring.published();
    const begun = making.waiting;
    let open = () => {};
    making.gate = new Promise((resolve) => {
      open = resolve;
    });
    const rotations = times(50, () => ring.rotate(["ES256"], false));
    await eventually(() => expect(making.waiting).toBeGreaterThan(begun));
    open();
    expect((await rotations).every(({ rotations: [one] }) => one !== undefined)).toBe(true);
    expect((await describeKeys()).map(({ status }) => status)).toEqual(["retired", "active", "next"]);
  });
});

describe("KeyRing object: the alarm", () => {
  it("rotates when the schedule says so, and purges a retired key once its last token is dead", async () => {
    const startMs = Date.now();
    timeIs(startMs);
    const { ring, stub, describeKeys } = await newRing({});
    const first = (await ring.signingKey("ES256")).kid;
    const alarm = () => runInDurableObject(stub, (_, state) => state.storage.getAlarm());
    expect(await alarm()).toBe(startMs + SETTINGS.rotateAfterMs);
    timeIs(startMs + SETTINGS.rotateAfterMs);
    await runDurableObjectAlarm(stub);
    expect((await describeKeys()).map(({ status }) => status)).toEqual(["retired", "active", "next"]);
    expect(await alarm()).toBe(startMs + SETTINGS.rotateAfterMs + SETTINGS.retainMs);
    timeIs(startMs + SETTINGS.rotateAfterMs + SETTINGS.retainMs - 1);
    await runDurableObjectAlarm(stub);
    expect((await ring.published()).keys.map(({ kid }) => kid)).toContain(first);
    timeIs(startMs + SETTINGS.rotateAfterMs + SETTINGS.retainMs);
    await runDurableObjectAlarm(stub);
    expect((await ring.published()).keys.map(({ kid }) => kid)).not.toContain(first);
    expect(await alarm()).toBe(startMs + 2 * SETTINGS.rotateAfterMs);
  });

  it("carries out a rotation that was asked for too early, when the next key is old enough", async () => {
    const startMs = Date.now();
    timeIs(startMs);
    const { ring, stub } = await newRing({});
    await ring.rotate(["ES256"], false);
    const second = (await ring.signingKey("ES256")).kid;
    const asked = await ring.rotate(["ES256"], false);
    const [{ atMs = 0, outcome } = {}] = asked.rotations;
    expect([outcome, atMs >= startMs + SETTINGS.publishLeadMs]).toEqual(["scheduled", true]);
    timeIs(atMs - 1);
    await runDurableObjectAlarm(stub);
    expect((await ring.signingKey("ES256")).kid).toBe(second);
    timeIs(atMs);
    await runDurableObjectAlarm(stub);
    expect((await ring.signingKey("ES256")).kid).not.toBe(second);
  });
});

describe("KeyRing object: an alarm that fails", () => {
  it("sets itself again within seconds, and then does what was due", async () => {
    const startMs = Date.now();
    timeIs(startMs);
    const { ring, stub, making, describeKeys } = await newRing({});
    await ring.published();
    const dueMs = startMs + SETTINGS.rotateAfterMs;
    timeIs(dueMs);
    making.gate = Promise.reject(new Error("no key can be made"));
    making.gate.catch(() => undefined);
    for (let turn = 0; turn < 10; turn++) expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(logs.events("signing_key_alarm_failed")).toHaveLength(10);
    const alarm = await runInDurableObject(stub, (_, state) => state.storage.getAlarm());
    expect((alarm ?? Number.POSITIVE_INFINITY) - dueMs).toBeLessThanOrEqual(10_000);
    making.gate = null;
    await runDurableObjectAlarm(stub);
    expect((await describeKeys()).map(({ status }) => status)).toEqual(["retired", "active", "next"]);
  });
});

describe("KeyRing object: telling the feed", () => {
  it("a rotation announces the ring's new version", async () => {
    const { ring, feed } = await newRing({});
    await ring.rotate(["ES256"], false);
    const { version } = await ring.published();
    expect(feed.told).toEqual([expect.objectContaining({ kind: "config", id: RING_FEED_ID, epoch: version })]);
  });

  it("an emergency with the feed down says so, withdraws all the same, and the alarm tells it later", async () => {
    const { ring, feed, stub } = await newRing({});
    const { kid } = await ring.signingKey("ES256");
    feed.fails = true;
    expect((await ring.rotate(["ES256"], true)).announced).toBe(false);
    expect((await ring.published()).keys.map((key) => key.kid)).not.toContain(kid);
    await runDurableObjectAlarm(stub);
    expect(feed.told).toEqual([]);
    feed.fails = false;
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(feed.told.map(({ kind }) => kind)).toEqual(["config", "kid"]);
    const told = feed.told.length;
    expect((await ring.rotate(["ES256"], false)).announced).toBe(true);
    expect(feed.told.slice(told).every(({ kind }) => kind === "config")).toBe(true);
  });

  it("an eviction keeps keys, versions and what is still to be told", async () => {
    const { ring, feed, stub, rewired } = await newRing({});
    feed.fails = true;
    await ring.rotate(["ES256"], true);
    const before = await ring.published();
    await evictDurableObject(stub);
    await rewired();
    expect(await ring.published()).toEqual(before);
    feed.fails = false;
    await runDurableObjectAlarm(stub);
    expect(feed.told.map(({ kind }) => kind)).toEqual(["config", "kid"]);
  });
});
