import { spawn } from "node:child_process";
import { request } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { ManyHeadersJob } from "./many_headers_load.ts";
import type { Slice, SlicedJob, SlicedSide, Turn } from "./sliced_load.ts";
import type { TokenJob, TokenSlice, TokenTally } from "./token_load.ts";

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

/** What can be measured, again and again. */
export interface Load {
  /** What has to be there before, and is not measured. */
  ready(): Promise<void>;
  /** Loads for `seconds`, or as long as what `ready` prepared lasts. */
  run(seconds: number): Promise<Measurement>;
}

export const CONNECTIONS = 32;
/** The share of failures that a measurement bears: a reused connection to the origin may be closed under a request. */
const TOLERATED = 0.005;
const AUTOCANNON = createRequire(import.meta.url).resolve("autocannon");
const MANY_HEADERS_LOAD = fileURLToPath(new URL("./many_headers_load.ts", import.meta.url));
const SLICED_LOAD = fileURLToPath(new URL("./sliced_load.ts", import.meta.url));
const TOKEN_LOAD = fileURLToPath(new URL("./token_load.ts", import.meta.url));

/** The same request over and over, on loopback, from a process of its own. Failures beyond a few fail the bench. */
export function requests(target: Target): Load {
  return { ready: () => knock(target), run: (seconds) => load(target, seconds) };
}

/**
 * The same with `headers` that take turns. `warm`: whether each of them is sent once before the first measurement, as it is where all that they
 * stand for was used before.
 */
export function turns(url: string, headers: ManyHeadersJob["headers"], warm: boolean): Load {
  const [first = {}] = headers;
  let isWarm = !warm;
  const job = (seconds: number, once: boolean): ManyHeadersJob => ({
    url,
    connections: CONNECTIONS,
    seconds,
    headers,
    once,
  });
  return {
    ready: async () => {
      await knock({ url, headers: first });
      if (!isWarm) await loadInTurn(job(0, true));
      isWarm = true;
    },
    run: (seconds) => loadInTurn(job(seconds, false)),
  };
}

async function loadInTurn(job: ManyHeadersJob): Promise<Measurement> {
  assertLoopback(job.url);
  return measured(job.url, await run(process.execPath, [MANY_HEADERS_LOAD], JSON.stringify(job)));
}

/** How long either side is loaded in a turn. */
export const SLICE_SECONDS = 0.5;

/** A measurement with the processor time that a request cost workerd. */
export interface CostedMeasurement extends Measurement {
  readonly cpuMicroseconds: number;
}

/** Both sides in turn, in slices of half a second, until each had `seconds`: what was measured of each, turn by turn. */
export async function inSlices(
  target: SlicedSide,
  control: SlicedSide,
  seconds: number,
): Promise<readonly Readonly<Record<"target" | "control", CostedMeasurement>>[]> {
  for (const { url } of [target, control]) assertLoopback(url);
  const turns = Math.max(1, Math.round(seconds / SLICE_SECONDS));
  const job: SlicedJob = { target, control, connections: CONNECTIONS, seconds: SLICE_SECONDS, turns };
  const taken: readonly Turn[] = JSON.parse(await run(process.execPath, [SLICED_LOAD], JSON.stringify(job)));
  const costed = (url: string, { result, seconds: took, cpuSeconds }: Slice): CostedMeasurement => {
    const measurement = measured(url, JSON.stringify({ ...result, duration: took }));
    return { ...measurement, cpuMicroseconds: (cpuSeconds * 1e6) / measurement.requests };
  };
  return taken.map((turn) => ({ target: costed(target.url, turn.target), control: costed(control.url, turn.control) }));
}

/** Runs `job` in a process of its own. Any failure fails the bench: a chain that breaks is not mended. */
export async function runTokenJob(job: TokenJob): Promise<{
  readonly turns: readonly (readonly CostedMeasurement[])[];
  readonly tokens: TokenTally["tokens"];
}> {
  for (const { url } of job.sides) assertLoopback(url);
  const { turns, tokens }: TokenTally = JSON.parse(await run(process.execPath, [TOKEN_LOAD], JSON.stringify(job)));
  return { turns: turns.map((slices) => slices.map(measuredSlice)), tokens };
}

function measuredSlice({ seconds, cpuSeconds, latenciesMs }: TokenSlice): CostedMeasurement {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  const requests = sorted.length;
  const cpuMicroseconds = (cpuSeconds * 1e6) / requests;
  return { requests, requestsPerSecond: requests / seconds, p50Ms: at(0.5), p99Ms: at(0.99), cpuMicroseconds };
}

function assertLoopback(url: string): void {
  if (new URL(url).hostname !== "127.0.0.1") throw new Error("the bench loads this machine alone");
}

async function load(target: Target, seconds: number): Promise<Measurement> {
  assertLoopback(target.url);
  const headers = Object.entries(target.headers ?? {}).flatMap(([name, value]) => ["-H", `${name}=${value}`]);
  const body = target.body === undefined ? [] : ["-b", target.body];
  const timing = ["-c", String(CONNECTIONS), "-d", String(seconds), "-j", "-m", target.method ?? "GET"];
  return measured(target.url, await run(process.execPath, [AUTOCANNON, ...timing, ...headers, ...body, target.url]));
}

/** Reads what autocannon tells. Throws where more failed than is borne. */
function measured(url: string, output: string): Measurement {
  const result = JSON.parse(output);
  if (result.non2xx + result.errors > result["2xx"] * TOLERATED) {
    const answers = Object.entries<{ count: number }>(result.statusCodeStats ?? {}).map(
      ([code, { count }]) => `${count} x ${code}`,
    );
    throw new Error(`${url}: ${answers.join(", ")}; ${result.errors} errors`);
  }
  return {
    requests: result["2xx"],
    requestsPerSecond: result["2xx"] / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

/** What a busy machine cuts off while it ends the load before is asked once more, so often at most. */
const KNOCKS = 3;

/** One request ahead: a Worker that was idle learns revocations before 32 callers wait for it at once. */
async function knock(target: Target): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await knockOnce(target);
    } catch (error) {
      if (attempt === KNOCKS) throw error;
    }
  }
}

async function knockOnce({ url, method, headers, body }: Target): Promise<void> {
  // On a connection of its own: one that was kept from the last round may be closed by now.
  const sent = { method: method ?? "GET", headers: { ...headers }, agent: false };
  await new Promise<void>((resolve, reject) => {
    const knocking = request(url, sent, (response) => response.resume().on("end", resolve));
    knocking.on("error", reject);
    knocking.end(body);
  });
}

function run(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(output) : reject(new Error(`load ended with ${code}`))));
    child.stdin.end(input);
  });
}
