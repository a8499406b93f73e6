/**
 * `npm start`: installs what is missing, then hands over to Node 24 and `scripts/dev.ts`. Plain JavaScript for Node 20.
 * Owns the way from whatever Node is there to the right one. Refuses to outlive npm.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { findNode, installPackages, ROOT } from "./install.mjs";

const PARENT_CHECK_MS = 1000;

/**
 * Calls `onGone` when npm is there no more: one that is killed outright passes no signal on, and whoever killed it
 * thinks that everything has ended. The npm script says `exec`, because a shell between npm and us would keep npm's
 * signals to itself.
 */
function watchNpm(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  setInterval(() => {
    if (process.ppid !== npm) onGone();
  }, PARENT_CHECK_MS).unref();
}

function handOver(node) {
  // The IPC channel is how the other side notices that this process is gone.
  const dev = spawn(node, [join(ROOT, "scripts", "dev.ts")], {
    cwd: ROOT,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => dev.kill(signal));
  watchNpm(() => dev.kill("SIGTERM"));
  dev.once("error", (error) => {
    process.stderr.write(`Node did not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  dev.once("exit", (code) => {
    process.exitCode = code ?? 1;
    process.exit();
  });
}

if (process.platform === "win32") {
  process.stderr.write("Sallyport's local servers need process groups: use Linux, macOS or WSL.\n");
  process.exit(1);
}
process.stdout.write("Sallyport\n");
if (!(await installPackages())) process.exit(1);
const node = findNode();
if (node === null) process.exit(1);
handOver(node);
