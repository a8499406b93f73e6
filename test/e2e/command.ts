import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { processTree, stillRunning } from "./process_tree.ts";

const POLL_MS = 50;
const END_MS = 180_000;

/** A command under test, in a process group of its own, as a terminal would start it. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** Everything it printed so far, both streams. */
  output(): string;
  /** Waits until `text` was printed. Throws with the output when the command ends first or `withinMs` go by. */
  printed(text: string, withinMs: number): Promise<void>;
  /** Waits for its end; the exit code, null after a signal. */
  ended(): Promise<number | null>;
  /** Every process under it now. */
  tree(): readonly number[];
  /** Sends `signal` to the whole group, as the terminal's Ctrl-C does. */
  signalGroup(signal: NodeJS.Signals): void;
}

const groups = new Set<number>();

function endGroups(): void {
  for (const pid of groups) {
    try {
      process.kill(-pid, "SIGTERM");
    } catch {
      // That group has ended already.
    }
  }
}

// A test run that is cut short must not leave servers behind: their groups are out of the terminal's reach.
for (const event of ["exit", "disconnect"] as const) process.once(event, endGroups);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    endGroups();
    process.kill(process.pid, signal);
  });
}

/** The environment of a command that knows nothing of the test run around it. */
export function plainEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|WRANGLER_|SALLYPORT_|FORCE_COLOR$|INIT_CWD$)/.test(name),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: "1", ...extra };
}

/** Starts `command` in `cwd`. */
export function startCommand(
  command: string,
  args: readonly string[],
  cwd: string,
  extraEnv: Readonly<Record<string, string>> = {},
): RunningCommand {
  const child = spawn(command, args, {
    cwd,
    env: plainEnvironment(extraEnv),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      output += chunk;
    });
  }
  let isOver = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (code) => setTimeout(() => resolve(code), POLL_MS));
  });
  void ended.then(() => {
    isOver = true;
  });
  const printed = async (text: string, withinMs: number): Promise<void> => {
    const deadline = Date.now() + withinMs;
    while (!output.includes(text)) {
      if (isOver) throw new Error(`ended without printing ${JSON.stringify(text)}:\n${output}`);
      if (Date.now() > deadline) throw new Error(`did not print ${JSON.stringify(text)} in time:\n${output}`);
      await sleep(POLL_MS);
    }
  };
  const pid = child.pid ?? 0;
  if (pid > 0) groups.add(pid);
  void ended.then(() => groups.delete(pid));
  return {
    child,
    output: () => output,
    printed,
    ended: () => ended,
    tree: () => processTree(pid),
    signalGroup: (signal) => process.kill(-pid, signal),
  };
}

/** Waits until none of `pids` runs any more; those that still do after three minutes. */
export async function leftOver(pids: readonly number[]): Promise<readonly number[]> {
  const deadline = Date.now() + END_MS;
  while (stillRunning(pids).length > 0 && Date.now() < deadline) await sleep(POLL_MS);
  return stillRunning(pids);
}
