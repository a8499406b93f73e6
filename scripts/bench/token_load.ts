import { text } from "node:stream/consumers";
import { Connection } from "../workers/connection.ts";
import { processorSeconds } from "./process_usage.ts";

/**
 * A load of requests that follow from one another, which autocannon cannot send: a process of its own, so that it takes the same
 * processor time from whatever it loads. Reads a `TokenJob` as JSON from its standard input, writes a `TokenTally` to its output.
 */

/** What one connection sends, one after the other. */
export type Script =
  /** Each body once, as many in every turn. */
  | { readonly kind: "once"; readonly bodies: readonly string[] }
  /** The same over and over. */
  | { readonly kind: "again"; readonly body: string; readonly headers: Readonly<Record<string, string>> }
  /** `body` with the refresh token of the answer before. */
  | { readonly kind: "chained"; readonly body: string; readonly token: string };

export interface TokenJob {
  readonly host: string;
  readonly path: string;
  /** The only status that counts as an answer: any other ends the load. */
  readonly status: number;
  /** Loaded one after the other in every turn. */
  readonly sides: readonly TokenSide[];
  readonly turns: number;
  /** How long a side is loaded in a turn: then no connection sends anything new, and what was sent is waited for. Bodies that are sent once take as long as they take. */
  readonly seconds: number;
}

export interface TokenSide {
  readonly url: string;
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

async function run(job: TokenJob): Promise<TokenTally> {
  const sides = job.sides.map(({ url, pid, scripts }) => ({
    pid,
    players: scripts.map(
      (script): Player => ({
        connection: new Connection(new URL(url), job.host),
        script,
        sent: 0,
        tokens: script.kind === "chained" ? [script.token] : [],
      }),
    ),
  }));
  const turns: TokenSlice[][] = [];
  for (let turn = 0; turn < job.turns; turn++) {
    const slices = new Map<number, TokenSlice>();
    // By chance, so that nothing that comes again and again keeps pace with either.
    const order = sides.map((_, at) => at);
    if (Math.random() < 0.5) order.reverse();
    for (const at of order) {
      const side = sides[at];
      if (side !== undefined) slices.set(at, await slice(side.players, side.pid, job));
    }
    turns.push(sides.flatMap((_, at) => slices.get(at) ?? []));
  }
  const tokens = sides.map(({ players }) => players.flatMap((player) => player.tokens));
  for (const { players } of sides) for (const { connection } of players) connection.close();
  return { turns, tokens };
}

async function slice(players: readonly Player[], pid: string, job: TokenJob): Promise<TokenSlice> {
  const latenciesMs: number[] = [];
  const before = processorSeconds(pid);
  const startedMs = performance.now();
  const endMs = startedMs + job.seconds * 1000;
  await Promise.all(players.map((player) => play(player, job, endMs, latenciesMs)));
  const seconds = (performance.now() - startedMs) / 1000;
  return { seconds, cpuSeconds: processorSeconds(pid) - before, latenciesMs };
}

async function play(player: Player, { path, status, turns }: TokenJob, endMs: number, latenciesMs: number[]) {
  const { connection, script } = player;
  const last =
    script.kind === "once" ? player.sent + Math.ceil(script.bodies.length / turns) : Number.POSITIVE_INFINITY;
  const goesOn = () => (script.kind === "once" ? player.sent < last : performance.now() < endMs);
  while (goesOn()) {
    const body = bodyOf(script, player.sent, player.tokens[0] ?? "");
    if (body === undefined) return;
    const headers = script.kind === "again" ? { ...FORM, ...script.headers } : FORM;
    const sentMs = performance.now();
    const answer = await connection.send({ method: "POST", path, headers, body });
    latenciesMs.push(performance.now() - sentMs);
    if (answer.status !== status) throw new Error(`${path}: ${answer.status}`);
    player.sent += 1;
    if (script.kind === "again") continue;
    const { refresh_token: token } = JSON.parse(answer.text);
    if (script.kind === "chained") player.tokens = [token];
    else player.tokens.push(token);
  }
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
