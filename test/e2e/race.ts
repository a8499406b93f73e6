import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../scripts/workers/connection.ts";
import type { CodeClient } from "../../scripts/workers/person_browser.ts";
import type { PlantedPeople } from "../../scripts/workers/plant_people.ts";
import { knock, refresh, type TokenAnswer } from "./token_calls.ts";

/** How many callers meet, how far apart they set out, and how often. */
export interface Pace {
  readonly callers: number;
  /** Each sets out after 1 to so many milliseconds; 0: all at once. */
  readonly jitterMs: number;
  readonly rounds: number;
}

/** Rounds of a race at full length: `RACE_ROUNDS=200 npm test`. Fewer by default, for everyday runs. */
const ROUNDS = Number(process.env.RACE_ROUNDS ?? 25);

/** The paces of issue 3, for tables of tests. */
export const PACES: readonly (readonly [string, Pace])[] = [
  ["2 at once", { callers: 2, jitterMs: 0, rounds: ROUNDS }],
  ["20 at once", { callers: 20, jitterMs: 0, rounds: ROUNDS }],
  ["20 within 20 ms", { callers: 20, jitterMs: 20, rounds: Math.ceil(ROUNDS / 2) }],
];

/** At least two of them, for what one gave may be looked at by the other isolate. */
export type Connections = readonly [Connection, Connection, ...Connection[]];

/** Lets every connection run `act`, and waits for all of them. */
export function race<T>(
  connections: readonly Connection[],
  jitterMs: number,
  act: (connection: Connection) => Promise<T>,
): Promise<readonly T[]> {
  return Promise.all(
    connections.map(async (connection) => {
      if (jitterMs > 0) await sleep(1 + Math.random() * (jitterMs - 1));
      return act(connection);
    }),
  );
}

/** What a race came to, in words that can be counted, and the winner's answer. */
export interface Outcome {
  readonly words: string;
  readonly given: TokenAnswer | undefined;
}

/** All spend one code at once: `spend` redeems an authorization code, or polls with a device code. */
export async function raceForCode(
  connections: Connections,
  jitterMs: number,
  client: CodeClient,
  spend: (connection: Connection) => Promise<TokenAnswer>,
): Promise<Outcome> {
  const answers = await race(connections, jitterMs, spend);
  const [given, ...others] = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status, error }) => status === 400 && error === "invalid_grant");
  const life = await lifeOf(connections, client, given);
  const answered = given === undefined ? 0 : 1 + others.length;
  return { words: `${answered} answered, ${refused.length} invalid_grant, tokens ${life}`, given };
}

/** All spend one refresh token at once. */
export async function raceToRefresh(
  connections: Connections,
  jitterMs: number,
  client: CodeClient,
  refreshToken: string,
): Promise<Outcome> {
  const answers = await race(connections, jitterMs, async (connection) => {
    const answer = await refresh(connection, client, refreshToken);
    return { ...answer, doors: await knock(connection, answer.accessToken) };
  });
  const answered = answers.filter(({ status }) => status === 200);
  const successors = new Set(answered.map((answer) => answer.refreshToken));
  const closed = answers.flatMap(({ doors }) => doors.filter((status) => status !== 200));
  const life = closed.length === 0 ? "live" : `dead: ${closed.join()}`;
  return { words: `${answered.length} answered, ${successors.size} successor, tokens ${life}`, given: answered[0] };
}

/** How often each of `outcomes` was seen. */
export function tally(outcomes: readonly string[]): Readonly<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (const outcome of outcomes) seen[outcome] = (seen[outcome] ?? 0) + 1;
  return seen;
}

/** The client of a round: a public one and a confidential one take turns. */
export function clientOf(round: number, { publicClient, webClient }: PlantedPeople): CodeClient {
  return round % 2 === 0 ? publicClient : webClient;
}

/** Whether UserInfo and the gate take the access token, the refresh token works, and what that gives is taken as well. */
export async function livesOn(
  connections: Connections,
  client: CodeClient,
  given: TokenAnswer | undefined,
): Promise<boolean> {
  return (await lifeOf(connections, client, given)) === "live";
}

/** `live`, or in which answers what was given is not. */
async function lifeOf([own, other]: Connections, client: CodeClient, given: TokenAnswer | undefined): Promise<string> {
  if (given === undefined) return "dead: none";
  const refreshed = await refresh(own, client, given.refreshToken);
  const statuses = [...(await knock(own, given.accessToken)), ...(await knock(other, refreshed.accessToken))];
  if (statuses.every((status) => status === 200)) return "live";
  return `dead: ${statuses.join()}, refreshed ${refreshed.status}`;
}
