/**
 * The part of `npm start` that runs under Node 24: secrets, migrations, seed, demo origin and Worker, until a signal.
 * Owns the order of the steps and the end of every process it started. Refuses to share ports or state with another run.
 */
import { curlLines } from "./dev/curl_lines.ts";
import { type HeldPorts, holdPorts } from "./dev/ports.ts";
import { ServerGroup, type ServerProcess } from "./dev/processes.ts";
import { untilReady } from "./dev/ready.ts";
import { findRunning, markRunning, unmarkRunning } from "./dev/running.ts";
import { ensureSecrets } from "./dev/secrets.ts";
import { originCommand, seedCommand, workerCommand } from "./dev/servers.ts";
import { type DevSettings, readSettings } from "./dev/settings.ts";
import { readCredentials } from "./seed/credentials.ts";

const READY_MS = 60_000;

/** Settles with the first request to stop: a signal, `start.mjs` gone, or nobody left to read what we print. */
function whenAskedToStop(): Promise<"stop"> {
  return new Promise((resolve) => {
    const stop = () => resolve("stop");
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
    process.once("disconnect", stop);
    process.stdout.on("error", stop);
    process.stderr.on("error", stop);
  });
}

/** Keeps what a server prints while it starts; passes it through from `open` on. */
class Output {
  #kept: string[] | null = [];

  readonly write = (chunk: string): void => {
    if (this.#kept === null) process.stdout.write(chunk);
    else this.#kept.push(chunk);
  };

  /** Shows what was kept when `all`, or when it holds a warning; later output goes straight to the screen. */
  open(all: boolean): void {
    const kept = (this.#kept ?? []).join("");
    this.#kept = null;
    if (kept !== "" && (all || /\[(?:WARNING|ERROR)\]/.test(kept))) process.stdout.write(`\n${kept}`);
  }
}

async function migrateAndSeed(settings: DevSettings, servers: ServerGroup): Promise<void> {
  const seed = servers.start(seedCommand(settings, (chunk) => process.stdout.write(chunk)));
  if ((await seed.ended) !== 0) throw new Error("Nothing was started.");
}

/** The origin takes its port while ours still holds the Worker's: at no moment are both free for a second start. */
async function startServers(
  settings: DevSettings,
  ports: HeldPorts,
  servers: ServerGroup,
  output: Output,
): Promise<readonly ServerProcess[]> {
  process.stdout.write("  start     ");
  await ports.origin.release();
  const origin = servers.start(originCommand(settings, output.write));
  await untilReady(`${settings.originUrl}/public/health`, origin, READY_MS);
  await ports.worker.release();
  await ports.inspector.release();
  const worker = servers.start(workerCommand(settings, output.write));
  await untilReady(`${settings.publicUrl}/.well-known/oauth-authorization-server`, worker, READY_MS);
  console.log(`Worker on ${settings.publicUrl}, demo origin on ${settings.originUrl}`);
  return [origin, worker];
}

function showLines(settings: DevSettings): void {
  const credentials = readCredentials(settings.root);
  if (credentials === null) throw new Error(".dev/credentials.json vanished while starting. Run `npm start` again.");
  console.log(`\nReady. A token, a call with it, and a call with an API key; paste them as they are:\n`);
  for (const line of curlLines(credentials)) console.log(`${line}\n`);
  console.log("Ctrl-C ends everything. The log of decisions follows.\n");
}

async function firstToEnd(running: readonly ServerProcess[]): Promise<never> {
  const name = await Promise.race(
    running.map(async (one) => one.ended.then((code) => `${one.name} (exit code ${code})`)),
  );
  throw new Error(`${name} ended by itself; its last words are above. Everything else was stopped.`);
}

async function runUntilFault(settings: DevSettings, ports: HeldPorts, servers: ServerGroup): Promise<never> {
  console.log(`  secrets   ${ensureSecrets(settings.root)}`);
  await migrateAndSeed(settings, servers);
  const output = new Output();
  try {
    const running = await startServers(settings, ports, servers, output);
    showLines(settings);
    output.open(false);
    return await firstToEnd(running);
  } catch (error) {
    if (!servers.stopped) output.open(true);
    throw error;
  }
}

async function refusal(settings: DevSettings): Promise<HeldPorts | string> {
  const running = await findRunning(settings.root);
  if (running !== null) {
    return (
      `Port ${running.port} is taken: Sallyport already runs from this directory (process ${running.pid}). ` +
      `It goes on at http://localhost:${running.port}; end it with Ctrl-C in its terminal before starting again.`
    );
  }
  const held = await holdPorts(settings);
  return "worker" in held ? held : held.join("\n");
}

async function main(): Promise<void> {
  const asked = whenAskedToStop();
  const settings = readSettings();
  const ports = await refusal(settings);
  if (typeof ports === "string") throw new Error(ports);
  const servers = new ServerGroup();
  markRunning(settings);
  try {
    await Promise.race([asked, runUntilFault(settings, ports, servers)]);
    console.log("\nStopping ...");
  } finally {
    await servers.stop();
    unmarkRunning(settings.root);
  }
}

try {
  await main();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
process.exit();
