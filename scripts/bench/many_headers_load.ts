import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

/**
 * A load of one request with headers that take turns, which autocannon's command line cannot send: a process of its own. Reads a
 * `ManyHeadersJob` as JSON from its standard input, writes autocannon's result to its output.
 */
export interface ManyHeadersJob {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Dealt out to the connections where there are as many; each sends its own over and over, in order. */
  readonly headers: readonly Readonly<Record<string, string>>[];
  /** Each of them once, or once for each connection where they are fewer, and no longer than that takes. */
  readonly once: boolean;
}

interface Client {
  setRequests(requests: readonly object[]): void;
}

type Autocannon = (options: object) => Promise<unknown>;

async function run({ url, connections, seconds, headers, once }: ManyHeadersJob): Promise<unknown> {
  const autocannon: Autocannon = createRequire(import.meta.url)("autocannon");
  let next = 0;
  const setupClient = (client: Client) => {
    const from = next++;
    // Where there are fewer than connections, all of them send all.
    const own = headers.length < connections ? headers : headers.filter((_, at) => at % connections === from);
    client.setRequests(own.map((fields) => ({ method: "GET", headers: fields })));
  };
  const length = once ? { amount: Math.max(headers.length, connections) } : { duration: seconds };
  return autocannon({ url, connections, setupClient, ...length });
}

if (import.meta.main) process.stdout.write(JSON.stringify(await run(JSON.parse(await text(process.stdin)))));
