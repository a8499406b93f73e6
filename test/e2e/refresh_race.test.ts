import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CodeClient } from "../../scripts/workers/person_browser.ts";
import { clientOf, livesOn, PACES, raceToRefresh, tally } from "./race.ts";
import { type RaceWorld, startRaceWorld } from "./race_world.ts";
import { knock, REFUSED, redeem, refresh } from "./token_calls.ts";

/**
 * A refresh token has one successor, whoever presents it at the same time: all who come in the retry window are given that
 * one, the family never forks, and the honest client goes on with it. In each race the token that is raced for is the
 * one that the race before gave, so one family lives through all of them. `race_world.ts` says what runs.
 */
const LONG_WINDOWS = fileURLToPath(new URL("./configs/long_windows.ts", import.meta.url));
const SHORT_WINDOWS = fileURLToPath(new URL("./configs/short_windows.ts", import.meta.url));
const WINDOW_MS = 2_000;

let world: RaceWorld;

async function newFamily(client: CodeClient): Promise<string> {
  const [own] = world.connect(2);
  const { refreshToken } = await redeem(own, client, await world.browser.codeFor(client));
  return refreshToken;
}

describe("one refresh token, presented many times at once", { timeout: 300_000 }, () => {
  beforeAll(async () => {
    world = await startRaceWorld(LONG_WINDOWS);
  });
  afterAll(() => world.dispose());

  test.each(PACES)("%s: one successor for all, and it lives", async (_, { callers, jitterMs, rounds }) => {
    const connections = world.connect(callers);
    const current = [await newFamily(clientOf(0, world.people)), await newFamily(clientOf(1, world.people))];
    const outcomes: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const client = clientOf(round, world.people);
      const token = current[round % 2] ?? "";
      const { words, given } = await raceToRefresh(connections, jitterMs, client, token);
      outcomes.push(words);
      current[round % 2] = given?.refreshToken ?? "";
    }
    console.info(`refresh, ${callers} callers, jitter ${jitterMs} ms:`, tally(outcomes));
    expect(tally(outcomes)).toEqual({ [`${callers} answered, 1 successor, tokens live`]: rounds });
    for (const at of [0, 1]) {
      const client = clientOf(at, world.people);
      const given = await refresh(connections[0], client, current[at] ?? "");
      expect(await livesOn(connections, client, given)).toBe(true);
    }
  });
});

describe("one refresh token, with a retry window of 2 s", () => {
  beforeAll(async () => {
    world = await startRaceWorld(SHORT_WINDOWS);
  });
  afterAll(() => world.dispose());

  test.each(["publicClient", "webClient"] as const)(
    "RFC 9700 4.14.2: whoever comes after it is a thief, and the family ends (%s)",
    async (name) => {
      const [own, other] = world.connect(2);
      const client = world.people[name];
      const token = await newFamily(client);
      const given = await refresh(own, client, token);
      expect(await knock(other, given.accessToken)).toEqual([200, 200]);
      await sleep(WINDOW_MS + 100);
      expect(await refresh(other, client, token)).toMatchObject(REFUSED);
      expect(await knock(other, given.accessToken)).toEqual([401, 401]);
      expect(await refresh(own, client, given.refreshToken)).toMatchObject(REFUSED);
    },
  );

  test("within it, a token whose successor was used is a thief's too", async () => {
    const [own, other] = world.connect(2);
    const client = world.people.publicClient;
    const token = await newFamily(client);
    const first = await refresh(own, client, token);
    const second = await refresh(own, client, first.refreshToken);
    expect(await refresh(other, client, token)).toMatchObject(REFUSED);
    expect(await knock(other, second.accessToken)).toEqual([401, 401]);
    expect(await refresh(own, client, second.refreshToken)).toMatchObject(REFUSED);
  });
});
