import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import type { Observation, SignalRules } from "../../src/limits/signals.ts";

const START = Date.parse("2026-11-04T00:00:00Z");
const HOUR = 3_600_000;
const RULES: SignalRules = {
  newCountry: null,
  travel: null,
  rate: null,
  errors: { least: 3, percent: 50 },
  cooldownMs: 60_000,
};
const burst = (atMs: number): Observation => ({ atMs, calls: 3, errors: 3, sightings: [] });
const objects = () => need(readBindings(env), "SIGNALS");

afterEach(() => {
  vi.useRealTimers();
});

it("remembers what is raised, until it ends by the object's own clock", async () => {
  vi.setSystemTime(START);
  const object = objects().getByName("one");
  expect(await object.raised()).toEqual([]);
  expect(await object.observe(burst(START + 10 * HOUR), RULES, HOUR)).toMatchObject([
    { kind: "error_burst", sinceMs: START, untilMs: START + 60_000 },
  ]);
  expect(await object.raised()).toHaveLength(1);
  expect(await objects().getByName("two").raised()).toEqual([]);
  vi.setSystemTime(START + 60_000);
  expect(await object.raised()).toEqual([]);
});

it("forgets whoever does not come back, storage and all, and nobody else", async () => {
  vi.setSystemTime(START);
  const object = objects().getByName("gone");
  await object.observe(burst(START), RULES, HOUR);
  vi.setSystemTime(START + HOUR - 1);
  await object.observe(burst(START + HOUR - 1), RULES, HOUR);
  vi.setSystemTime(START + HOUR);
  expect(await runDurableObjectAlarm(object)).toBe(true);
  expect(await runInDurableObject(object, (_, state) => state.storage.kv.get("state"))).toBeDefined();
  vi.setSystemTime(START + 2 * HOUR);
  expect(await runDurableObjectAlarm(object)).toBe(true);
  const left = await runInDurableObject(object, async (_, state) => [...(await state.storage.list()).keys()]);
  expect(left).toEqual([]);
});
