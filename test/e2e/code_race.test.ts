import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOf, PACES, raceForCode, tally } from "./race.ts";
import { type RaceWorld, startRaceWorld } from "./race_world.ts";
import { knock, REFUSED, redeem, refresh } from "./token_calls.ts";

/**
 * A code is spent once, whoever comes at the same time, and the client that sent it twice by mistake keeps its tokens. Callers
 * come over connections of their own to two isolates of the Worker that `npm start` runs (`race_world.ts` says why not
 * through `npm start` itself; `start.test.ts` runs a few rounds there).
 */
const LONG_WINDOWS = fileURLToPath(new URL("./configs/long_windows.ts", import.meta.url));
const SHORT_WINDOWS = fileURLToPath(new URL("./configs/short_windows.ts", import.meta.url));
const WINDOW_MS = 2_000;

let world: RaceWorld;

describe("one code, sent many times at once", { timeout: 300_000 }, () => {
  beforeAll(async () => {
    world = await startRaceWorld(LONG_WINDOWS);
  });
  afterAll(() => world.dispose());

  test.each(PACES)("%s: exactly one is answered, and its tokens live", async (_, { callers, jitterMs, rounds }) => {
    const connections = world.connect(callers);
    const outcomes: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const client = clientOf(round, world.people);
      const code = await world.browser.codeFor(client);
      const outcome = await raceForCode(connections, jitterMs, client, (caller) => redeem(caller, client, code));
      outcomes.push(outcome.words);
    }
    console.info(`code, ${callers} callers, jitter ${jitterMs} ms:`, tally(outcomes));
    expect(tally(outcomes)).toEqual({ [`1 answered, ${callers - 1} invalid_grant, tokens live`]: rounds });
  });
});

describe("one code, with a window for double submits of 2 s", () => {
  beforeAll(async () => {
    world = await startRaceWorld(SHORT_WINDOWS);
  });
  afterAll(() => world.dispose());

  test.each(["publicClient", "webClient"] as const)(
    "RFC 6749 4.1.2: a second redemption after it revokes what the first one gave (%s)",
    async (name) => {
      const [own, other] = world.connect(2);
      const client = world.people[name];
      const code = await world.browser.codeFor(client);
      const given = await redeem(own, client, code);
      const refreshed = await refresh(own, client, given.refreshToken);
      expect(await knock(other, given.accessToken)).toEqual([200, 200]);
      await sleep(WINDOW_MS + 100);
      expect(await redeem(other, client, code)).toMatchObject(REFUSED);
      expect(await knock(other, given.accessToken)).toEqual([401, 401]);
      expect(await refresh(own, client, refreshed.refreshToken)).toMatchObject(REFUSED);
    },
  );
});
