import { text } from "node:stream/consumers";
import { Connection } from "../workers/connection.ts";

/**
 * A load of requests that follow from one another, which autocannon cannot send: a process of its own, so that it takes the same
 * processor time from whatever it loads. Reads a `TokenJob` as JSON from its standard input, writes a `TokenTally` to its output.
 */

/** What one connection sends, one after the other. */
export type Script =
  /** Each body once, until none is left. */
  | { readonly kind: "once"; readonly bodies: readonly string[] }
  /** The same over and over. */
  | { readonly kind: "again"; readonly body: string; readonly headers: Readonly<Record<string, string>> }
  /** `body` with the refresh token of the answer before. */
  | { readonly kind: "chained"; readonly body: string; readonly token: string };

export interface TokenJob {
  readonly url: string;
  readonly host: string;
  readonly path: string;
  /** The only status that counts as an answer: any other ends the load. */
  readonly status: number;
  /** After this long no connection sends anything new; what was sent is waited for. */
  readonly seconds: number;
  readonly scripts: readonly Script[];
}

export interface TokenTally {
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
  /** Where each chain stands now. */
  readonly tokens: readonly string[];
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

async function run({ url, host, path, status, seconds, scripts }: TokenJob): Promise<TokenTally> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  const play = async (script: Script): Promise<string> => {
    const connection = new Connection(new URL(url), host);
    let token = script.kind === "chained" ? script.token : "";
    for (let sent = 0; performance.now() < endMs; sent++) {
      const body = bodyOf(script, sent, token);
      if (body === undefined) break;
      const headers = script.kind === "again" ? { ...FORM, ...script.headers } : FORM;
      const sentMs = performance.now();
      const answer = await connection.send({ method: "POST", path, headers, body });
      latenciesMs.push(performance.now() - sentMs);
      if (answer.status !== status) throw new Error(`${path}: ${answer.status}`);
      if (script.kind === "chained") token = JSON.parse(answer.text).refresh_token;
    }
    connection.close();
    return token;
  };
  const tokens = await Promise.all(scripts.map(play));
  return { seconds: (performance.now() - startedMs) / 1000, latenciesMs, tokens };
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
