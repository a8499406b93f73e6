import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOf, livesOn, PACES, race, raceForCode, tally } from "./race.ts";
import { type RaceWorld, startRaceWorld } from "./race_world.ts";
import { askForDevice, poll } from "./token_calls.ts";

/**
 * Whoever polls at the same time with one device code (RFC 8628 §3.4), one of them gets the tokens, and they live.
 * `race_world.ts` says what runs.
 */
const MANY_USER_CODES = fileURLToPath(new URL("./configs/many_user_codes.ts", import.meta.url));

let world: RaceWorld;

beforeAll(async () => {
  world = await startRaceWorld(MANY_USER_CODES);
});
afterAll(() => world.dispose());

test.each(PACES)("%s: exactly one is answered, and its tokens live", { timeout: 300_000 }, async (_, pace) => {
  const { callers, jitterMs, rounds } = pace;
  const connections = world.connect(callers);
  const outcomes: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const client = clientOf(round, world.people);
    const device = await askForDevice(connections[0], client);
    await world.browser.allowDevice(device.userCode);
    const outcome = await raceForCode(connections, jitterMs, client, (caller) => poll(caller, client, device));
    outcomes.push(outcome.words);
  }
  console.info(`device code, ${callers} callers, jitter ${jitterMs} ms:`, tally(outcomes));
  expect(tally(outcomes)).toEqual({ [`1 answered, ${callers - 1} invalid_grant, tokens live`]: rounds });
});

test("polls that meet the approval itself: nobody, or one of them; then one in all", async () => {
  const connections = world.connect(20);
  const [own, other] = connections;
  for (let round = 0; round < 10; round++) {
    const client = clientOf(round, world.people);
    const device = await askForDevice(own, client);
    const [early] = await Promise.all([
      race(connections, 20, (caller) => poll(caller, client, device)),
      world.browser.allowDevice(device.userCode),
    ]);
    const told = new Set(early.map(({ status, error }) => error ?? status));
    expect(["authorization_pending", "slow_down", "invalid_grant", 200]).toEqual(expect.arrayContaining([...told]));
    const given = [...early, await poll(other, client, device)].filter(({ status }) => status === 200);
    expect(given).toHaveLength(1);
    expect(await livesOn(connections, client, given[0])).toBe(true);
  }
});
