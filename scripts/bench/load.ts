import { spawn } from "node:child_process";
import { request } from "node:http";
import { createRequire } from "node:module";

/** What is asked, over and over. */
export interface Target {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One measurement. Latencies in milliseconds. */
export interface Measurement {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const CONNECTIONS = 32;
/** The share of failures that a measurement bears: a reused connection to the origin may be closed under a request. */
const TOLERATED = 0.005;
const AUTOCANNON = createRequire(import.meta.url).resolve("autocannon");

/** Loads `target` on loopback for `seconds` from a process of its own. Failures beyond a few fail the bench. */
export async function load(target: Target, seconds: number): Promise<Measurement> {
  const { hostname } = new URL(target.url);
  if (hostname !== "127.0.0.1") throw new Error("the bench loads this machine alone");
  const headers = Object.entries(target.headers ?? {}).flatMap(([name, value]) => ["-H", `${name}=${value}`]);
  const body = target.body === undefined ? [] : ["-b", target.body];
  const timing = ["-c", String(CONNECTIONS), "-d", String(seconds), "-j", "-m", target.method ?? "GET"];
  await knock(target);
  const output = await run(process.execPath, [AUTOCANNON, ...timing, ...headers, ...body, target.url]);
  const result = JSON.parse(output);
  if (result.non2xx + result.errors > result["2xx"] * TOLERATED) {
    const answers = Object.entries<{ count: number }>(result.statusCodeStats ?? {}).map(
      ([code, { count }]) => `${count} x ${code}`,
    );
    throw new Error(`${target.url}: ${answers.join(", ")}; ${result.errors} errors`);
  }
  return {
    requests: result["2xx"],
    requestsPerSecond: result["2xx"] / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

/** One request ahead: a Worker that was idle learns revocations before 32 callers wait for it at once. */
async function knock({ url, method, headers, body }: Target): Promise<void> {
  const sent = { method: method ?? "GET", headers: { ...headers } };
  await new Promise<void>((resolve, reject) => {
    const knocking = request(url, sent, (response) => response.resume().on("end", resolve));
    knocking.on("error", reject);
    knocking.end(body);
  });
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(output) : reject(new Error(`load ended with ${code}`))));
  });
}
