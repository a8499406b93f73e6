import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isListening } from "./ports.ts";
import { type DevSettings, devFiles } from "./settings.ts";

/** A start of this clone that is under way. */
export interface RunningMark {
  readonly pid: number;
  /** The Worker's port. */
  readonly port: number;
  readonly originPort: number;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function readMark(root: string): RunningMark | null {
  const path = devFiles.running(root);
  if (!existsSync(path)) return null;
  try {
    const { pid, port, originPort } = JSON.parse(readFileSync(path, "utf8"));
    return [pid, port, originPort].every(Number.isInteger) ? { pid, port, originPort } : null;
  } catch {
    return null;
  }
}

/**
 * The start of this clone that is under way, or null. Two at once on other ports would each run their own Durable
 * Objects over the same files and see different states. A mark left by a crash counts for nothing: its process has to
 * live, and one of its ports has to be listened on (while wrangler starts, only the origin's is).
 */
export async function findRunning(root: string): Promise<RunningMark | null> {
  const mark = readMark(root);
  if (mark === null || mark.pid === process.pid) return null;
  if (!isAlive(mark.pid)) return null;
  return (await isListening(mark.port)) || (await isListening(mark.originPort)) ? mark : null;
}

/** Marks this process as the running one. */
export function markRunning(settings: DevSettings): void {
  mkdirSync(devFiles.directory(settings.root), { recursive: true, mode: 0o700 });
  const mark: RunningMark = { pid: process.pid, port: settings.workerPort, originPort: settings.originPort };
  writeFileSync(devFiles.running(settings.root), `${JSON.stringify(mark)}\n`, { mode: 0o600 });
}

/** Takes the mark away again, if it is this process's own. */
export function unmarkRunning(root: string): void {
  if (readMark(root)?.pid === process.pid) rmSync(devFiles.running(root), { force: true });
}
