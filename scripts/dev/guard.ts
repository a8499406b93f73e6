/**
 * Runs one server as the leader of its own process group, and ends the group when `npm start` is gone without having
 * said so. wrangler watches nobody's life: orphaned, it would hold its ports for good.
 * Called as: guard.ts <script> [arguments], with an IPC channel to the starter.
 */
import { spawn } from "node:child_process";

const GRACE_MS = 4000;

const [script = "", ...rest] = process.argv.slice(2);
const child = spawn(process.execPath, [script, ...rest], { stdio: "inherit" });
let orphaned = false;

// The group's signals reach the server as well; this one stays until the server is gone.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

function killGroup(signal: NodeJS.Signals): void {
  process.kill(-process.pid, signal);
}

process.once("disconnect", () => {
  orphaned = true;
  killGroup("SIGTERM");
  setTimeout(() => killGroup("SIGKILL"), GRACE_MS);
});

child.once("error", (error) => {
  console.error(`${script} did not start: ${error.message}`);
  process.exit(1);
});
child.once("exit", (code, signal) => {
  // Nobody else is left to sweep up what the server started.
  if (orphaned) killGroup("SIGKILL");
  process.exit(signal === null ? (code ?? 1) : 1);
});
