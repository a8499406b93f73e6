import { Agent, request } from "node:http";
import { median } from "./median.ts";
import { ROUND_TRIPS } from "./round_trips.ts";

/** What calls cost whose relation nobody asked about before. */
export interface ColdChecks {
  /** Of the one that took most. */
  readonly roundTrips: number;
  /** Milliseconds of a call, median. */
  readonly coldMs: number;
  /** The same calls once more. */
  readonly warmMs: number;
}

/**
 * Calls each of `paths` twice, one call after the other on one connection, and counts round trips to D1 of `counted_reads.worker.ts` at `origin`. Whatever
 * else the calls need has to be warm. Throws where one is refused, or where one is not cold first and warm then.
 */
export async function coldChecks(
  origin: string,
  paths: readonly string[],
  headers: Readonly<Record<string, string>>,
): Promise<ColdChecks> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (path: string) => timed(agent, `${origin}${path}`, headers);
  const roundTrips = async () => Number((await ask(ROUND_TRIPS)).text);
  const calls = { trips: [] as number[], coldMs: [] as number[], warmMs: [] as number[] };
  for (const path of paths) {
    const before = await roundTrips();
    const { ms: coldMs } = await ask(path);
    const after = await roundTrips();
    const { ms: warmMs } = await ask(path);
    if (after === before) throw new Error(`${path} was known before`);
    if ((await roundTrips()) !== after) throw new Error(`${path} was asked about twice`);
    calls.trips.push(after - before);
    calls.coldMs.push(coldMs);
    calls.warmMs.push(warmMs);
  }
  agent.destroy();
  return { roundTrips: Math.max(...calls.trips), coldMs: median(calls.coldMs), warmMs: median(calls.warmMs) };
}

function timed(agent: Agent, url: string, headers: Readonly<Record<string, string>>) {
  return new Promise<{ readonly text: string; readonly ms: number }>((resolve, reject) => {
    const startedMs = performance.now();
    const sent = request(url, { agent, headers: { ...headers } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve({ text, ms: performance.now() - startedMs });
        else reject(new Error(`${url}: ${response.statusCode}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
