import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CodeClient } from "../../scripts/workers/person_browser.ts";
import { killedDuring, killRounds } from "./kill.ts";
import { type Connections, clientOf, livesOn, tally } from "./race.ts";
import { type RaceWorld, startRaceWorld } from "./race_world.ts";
import { knock, REFUSED, redeem, refresh, type TokenAnswer } from "./token_calls.ts";

/**
 * The runtime is killed (SIGKILL) while a code is redeemed or a refresh token is spent, and starts again on what it left on
 * disk: the old state or the new one, never half of it. What was answered is never forgotten; the one thing that a kill
 * may cost is the answer that was on its way. More rounds: `KILL_ROUNDS=50 npm test`.
 */
const ROUNDS = killRounds(8);
const LONG_WINDOWS = fileURLToPath(new URL("./configs/long_windows.ts", import.meta.url));
/** The latest moment of a kill after the request was sent. Early ones are tried more often: the work is done in a few. */
const MOMENT = { latestMs: 30, bias: 2 };

let world: RaceWorld;
/** A family of refresh tokens that is used after every kill: nothing that was answered before may be lost. */
let witness: string;

beforeAll(async () => {
  world = await startRaceWorld(LONG_WINDOWS);
  witness = (await newTokens(world.people.webClient)).refreshToken;
});
afterAll(() => world.dispose());

async function newTokens(client: CodeClient): Promise<TokenAnswer> {
  const [own] = world.connect(2);
  return redeem(own, client, await world.browser.codeFor(client));
}

/** What has to hold after every kill, whatever it hit: the session, and the family that nobody touched. */
async function expectTheRestAlive([own]: Connections): Promise<void> {
  expect(await world.browser.isSignedIn()).toBe(true);
  const next = await refresh(own, world.people.webClient, witness);
  expect(await knock(own, next.accessToken)).toEqual([200, 200]);
  witness = next.refreshToken;
}

test("killed while a code is redeemed: spent or not, never both", { timeout: 400_000 }, async () => {
  const outcomes: string[] = [];
  for (let round = 0; round < ROUNDS; round += 2) {
    const connections = world.connect(2);
    const [own, other] = connections;
    const client = clientOf(round / 2, world.people);
    const code = await world.browser.codeFor(client);
    const answered = await killedDuring(world, MOMENT, () => redeem(own, client, code));
    await expectTheRestAlive(connections);
    const again = await redeem(other, client, code);
    const given = [answered, again].filter((answer) => answer?.status === 200);
    expect(given.length).toBeLessThan(2);
    if (answered !== null) expect(answered.status).toBe(200);
    if (again.status !== 200) expect(again).toMatchObject(REFUSED);
    // From here on it is spent, whatever it was before.
    expect(await redeem(own, client, code)).toMatchObject(REFUSED);
    const [tokens] = given;
    if (tokens !== null && tokens !== undefined) expect(await livesOn(connections, client, tokens)).toBe(true);
    outcomes.push(answered !== null ? "answered" : again.status === 200 ? "not spent" : "spent, its answer lost");
  }
  console.info("killed while a code was redeemed:", tally(outcomes));
});

test("killed while a refresh token is spent: it gives its one successor, before or after", {
  timeout: 400_000,
}, async () => {
  const outcomes: string[] = [];
  for (let round = 0; round < ROUNDS; round += 2) {
    const connections = world.connect(2);
    const [own, other] = connections;
    const client = clientOf(round / 2, world.people);
    const old = await newTokens(client);
    const answered = await killedDuring(world, MOMENT, () => refresh(own, client, old.refreshToken));
    await expectTheRestAlive(connections);
    // An access token from before the kill is as good as it was.
    expect(await knock(own, old.accessToken)).toEqual([200, 200]);
    const again = await refresh(other, client, old.refreshToken);
    expect(again.status).toBe(200);
    if (answered !== null) expect(answered).toMatchObject({ status: 200, refreshToken: again.refreshToken });
    const next = await refresh(own, client, again.refreshToken);
    expect(await knock(own, next.accessToken)).toEqual([200, 200]);
    // The old one and the new one are one family: when the old one comes back now, all of it ends.
    expect(await refresh(other, client, old.refreshToken)).toMatchObject(REFUSED);
    expect(await refresh(own, client, next.refreshToken)).toMatchObject(REFUSED);
    expect(await knock(other, next.accessToken)).toEqual([401, 401]);
    outcomes.push(answered !== null ? "answered" : "its answer lost");
  }
  console.info("killed while a refresh token was spent:", tally(outcomes));
});
