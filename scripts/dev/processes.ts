import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const GRACE_MS = 4000;
const KILL_MS = 2000;
const POLL_MS = 25;
const LAST_WORDS_MS = 300;

/** A server in a process group of its own. */
export interface ServerProcess {
  readonly name: string;
  /** Settles when the server has ended, whoever ended it, with its exit code (null when a signal did). */
  readonly ended: Promise<number | null>;
}

/** How to start one. */
export interface ServerCommand {
  readonly name: string;
  /** A script for this Node, absolute. */
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Gets what the server prints. */
  readonly onOutput: (chunk: string) => void;
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

async function groupGone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (signalGroup(pid, 0)) {
    if (Date.now() > deadline) return false;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return true;
}

async function endGroup(pid: number): Promise<void> {
  signalGroup(pid, "SIGTERM");
  if (await groupGone(pid, GRACE_MS)) return;
  signalGroup(pid, "SIGKILL");
  await groupGone(pid, KILL_MS);
}

function listen(child: ChildProcess, onOutput: (chunk: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", onOutput);
  }
}

function spawnGuarded(command: ServerCommand): ChildProcess {
  const guard = join(import.meta.dirname, "guard.ts");
  return spawn(process.execPath, [guard, command.script, ...command.args], {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    // Out of this terminal's reach: only we end it, in our order.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

/** Its end, after its last words. Those who inherited its pipes may hold them open for longer, so the wait is bounded. */
function whenEnded(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once("close", (code) => resolve(code));
    child.once("exit", (code) => setTimeout(() => resolve(code), LAST_WORDS_MS));
    child.once("error", () => resolve(1));
  });
}

/** The servers of one start. Once stopped it starts nothing more, so that none is left behind by a late step. */
export class ServerGroup {
  readonly #pids: number[] = [];
  #stopped = false;

  /** Whether `stop` was called. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Starts `command` under the guard (see guard.ts). Throws after `stop`. */
  start(command: ServerCommand): ServerProcess {
    if (this.#stopped) throw new Error(`${command.name} was not started: everything is being stopped.`);
    const child = spawnGuarded(command);
    listen(child, command.onOutput);
    if (child.pid !== undefined) this.#pids.push(child.pid);
    return { name: command.name, ended: whenEnded(child) };
  }

  /** Ends every group: SIGTERM, and SIGKILL after four seconds. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#pids.map(endGroup));
  }
}
