import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administer } from "./two_isolates_calls.ts";
import { type Isolate, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";
import { until } from "./until.ts";

const LIMIT = 100;
/** A bucket that nothing comes back to while the test lasts: no window can end in between. */
const LEASED = {
  algorithm: "bucket",
  burst: LIMIT,
  refill: 1,
  intervalSeconds: 86_400,
  key: "route",
  precision: "leased",
} as const;
const [STORM, SILENT] = ["/limited/storm", "/limited/silent"];

let world: TwoIsolates;

beforeAll(async () => {
  world = await startTwoIsolates();
  const operator = await world.newClient(["admin"]);
  const told = await administer(world.a, operator, "GET", "/config/snapshots/bundled");
  const config = told.config as { limits: Record<string, object>; routes: object[] };
  for (const path of [STORM, SILENT]) {
    const name = path.slice("/limited/".length);
    config.limits[name] = LEASED;
    config.routes.push({ path, methods: ["GET"], origin: "demo", public: true, limits: [name] });
  }
  await administer(world.a, operator, "POST", "/config", { config, parent: 0 });
  await until(() => served(world.b));
});

afterAll(async () => {
  await world.dispose();
});

/** Whether `isolate` runs the published configuration, asked without a unit being taken. */
async function served(isolate: Isolate): Promise<boolean> {
  return (await isolate.call("POST", STORM)).status === 405;
}

/** How many of `calls` at once were let through. Who is turned away because the shared counter was slow is not. */
async function granted(isolates: readonly Isolate[], path: string, calls: number): Promise<number> {
  const asked = Array.from({ length: calls }, (_, at) => isolates[at % isolates.length]?.call("GET", path));
  const answers = await Promise.all(asked);
  for (const told of answers) expect([200, 429, 503]).toContain(told?.status);
  return answers.filter((told) => told?.status === 200).length;
}

/** Takes what is left, one by one, until the isolate says that nothing is. */
async function drained(isolate: Isolate, path: string): Promise<number> {
  for (let taken = 0, tries = 0; ; tries++) {
    const { status } = await isolate.call("GET", path);
    if (status === 429) return taken;
    if (status === 200) taken += 1;
    if (tries > 3 * LIMIT) throw new Error(`still ${status} after ${tries} calls`);
  }
}

describe("a leased limit between two isolates with sockets of their own", () => {
  it("is never exceeded, however many ask both of them at once, and both deny in the end", async () => {
    const both = [world.a, world.b];
    let total = 0;
    for (let round = 0; round < 4; round++) total += await granted(both, STORM, 60);
    for (const isolate of both) total += await drained(isolate, STORM);
    expect(total).toBeLessThanOrEqual(LIMIT);
    expect(total).toBeGreaterThan(0);
    expect(await granted(both, STORM, 20)).toBe(0);
  });

  it("what an isolate holds that is never asked again is granted by nobody else", async () => {
    let total = await granted([world.a], SILENT, 1);
    const [storm, rest] = [await granted([world.b], SILENT, 60), await drained(world.b, SILENT)];
    total += storm + rest;
    expect(total).toBeLessThan(LIMIT);
    expect(total).toBeGreaterThan(0);
    const held = await drained(world.a, SILENT);
    expect(held, "a twentieth at most was in its hand").toBeLessThanOrEqual(LIMIT / 20);
    expect(total + held, "and was charged before").toBeLessThanOrEqual(LIMIT);
  });
});
