import { text } from "node:stream/consumers";
import { Connection } from "../workers/connection.ts";
import { processorSeconds } from "./process_usage.ts";

/**
 * A load of requests that follow from one another, which autocannon cannot send: a process of its own, so that it takes the same
 * processor time from whatever it loads. Reads a `TokenJob` as JSON from its standard input, writes a `TokenTally` to its output.
 */

/** What one connection sends, one after the other. */
export type Script =
  /** Each body once, an equal part of them in every turn. */
  | { readonly kind: "once"; readonly bodies: readonly string[] }
  /** The same over and over. */
  | { readonly kind: "again"; readonly body: string; readonly headers: Readonly<Record<string, string>> }
  /** `body` with the refresh token of the answer before. */
  | { readonly kind: "chained"; readonly body: string; readonly token: string };

export interface TokenJob {
  readonly host: string;
  /** Loaded one after the other in every turn. */
  readonly sides: readonly TokenSide[];
  readonly turns: number;
  /** How long a side is loaded in a turn: then no connection sends anything new, and what was sent is waited for. Bodies that are sent once take the time that they take. */
  readonly seconds: number;
}

export interface TokenSide {
  readonly url: string;
  readonly path: string;
  /** The only status that counts as an answer: any other ends the load. */
  readonly status: number;
  /** Whose processor time it takes. */
  readonly pid: string;
  /** One for each connection. */
  readonly scripts: readonly Script[];
}

/** What one side did in one turn. */
export interface TokenSlice {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly latenciesMs: readonly number[];
}

export interface TokenTally {
  /** By turn, then in the order of the sides. */
  readonly turns: readonly (readonly TokenSlice[])[];
  /** The refresh tokens that each side has given and not taken back: one of each chain, in the order of the scripts, and one for each body that was sent once. */
  readonly tokens: readonly (readonly string[])[];
}

/** One connection, and how far its script is. */
interface Player {
  readonly connection: Connection;
  readonly script: Script;
  sent: number;
  /** Refresh tokens that its answers brought; of a chain the last one alone. */
  tokens: string[];
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** One side, with its connections. */
interface Playing extends Omit<TokenSide, "scripts"> {
  readonly players: readonly Player[];
}

/** When a slice ends. */
interface SliceEnd {
  readonly atMs: number;
  /** The part of all bodies that are sent once that is sent by then. */
  readonly share: number;
}

async function run({ host, sides, turns, seconds }: TokenJob): Promise<TokenTally> {
  const playing = sides.map(
    ({ scripts, ...side }): Playing => ({ ...side, players: connected(side.url, host, scripts) }),
  );
  const taken: (readonly TokenSlice[])[] = [];
  for (let turn = 1; turn <= turns; turn++) taken.push(await takeTurn(playing, seconds, turn / turns));
  const tokens = playing.map(({ players }) => players.flatMap((player) => player.tokens));
  for (const { players } of playing) for (const { connection } of players) connection.close();
  return { turns: taken, tokens };
}

function connected(url: string, host: string, scripts: readonly Script[]): readonly Player[] {
  return scripts.map((script) => ({
    connection: new Connection(new URL(url), host),
    script,
    sent: 0,
    tokens: script.kind === "chained" ? [script.token] : [],
  }));
}

/** A slice of each side, in the order of the sides. Which goes first is chance, so that nothing that comes again and again keeps pace with either. */
async function takeTurn(sides: readonly Playing[], seconds: number, share: number): Promise<readonly TokenSlice[]> {
  const isBackwards = Math.random() < 0.5;
  const slices: TokenSlice[] = [];
  for (const side of isBackwards ? sides.toReversed() : sides) slices.push(await slice(side, seconds, share));
  return isBackwards ? slices.toReversed() : slices;
}

async function slice(side: Playing, seconds: number, share: number): Promise<TokenSlice> {
  const latenciesMs: number[] = [];
  const before = processorSeconds(side.pid);
  const startedMs = performance.now();
  const end = { atMs: startedMs + seconds * 1000, share };
  await Promise.all(side.players.map((player) => play(player, side, end, latenciesMs)));
  const took = (performance.now() - startedMs) / 1000;
  if (latenciesMs.length === 0) throw new Error(`${side.path}: a slice in which nothing was sent`);
  return { seconds: took, cpuSeconds: processorSeconds(side.pid) - before, latenciesMs };
}

async function play(player: Player, { path, status }: Playing, end: SliceEnd, latenciesMs: number[]): Promise<void> {
  const { connection, script } = player;
  while (goesOn(player, end)) {
    const body = bodyOf(script, player.sent, player.tokens[0] ?? "");
    if (body === undefined) return;
    const headers = script.kind === "again" ? { ...FORM, ...script.headers } : FORM;
    const sentMs = performance.now();
    const answer = await connection.send({ method: "POST", path, headers, body });
    latenciesMs.push(performance.now() - sentMs);
    if (answer.status !== status) throw new Error(`${path}: ${answer.status}`);
    player.sent += 1;
    if (script.kind === "chained") player.tokens = [refreshTokenOf(answer.text)];
    else if (script.kind === "once") player.tokens.push(refreshTokenOf(answer.text));
  }
}

function goesOn({ script, sent }: Player, { atMs, share }: SliceEnd): boolean {
  return script.kind === "once" ? sent < Math.floor(script.bodies.length * share) : performance.now() < atMs;
}

function refreshTokenOf(text: string): string {
  const { refresh_token: token } = JSON.parse(text);
  if (typeof token !== "string") throw new Error("an answer without a refresh token");
  return token;
}

function bodyOf(script: Script, sent: number, token: string): string | undefined {
  switch (script.kind) {
    case "once":
      return script.bodies[sent];
    case "again":
      return script.body;
    case "chained":
      return `${script.body}&refresh_token=${encodeURIComponent(token)}`;
  }
}

if (import.meta.main) process.stdout.write(JSON.stringify(await run(JSON.parse(await text(process.stdin)))));
