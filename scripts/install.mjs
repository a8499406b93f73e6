/**
 * Brings node_modules to what package-lock.json asks for, and finds a Node that runs the rest. Plain JavaScript for
 * Node 20: on a fresh clone nothing newer is there yet. Refuses to guess: a stamp says which lock was installed.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository, absolute. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const STAMP = join(ROOT, "node_modules", ".sallyport-installed");
const OWN_NODE = join(ROOT, "node_modules", "node", "bin", "node");
const LEAST_NODE = [24, 2];

function wantedStamp() {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const asked = JSON.stringify([manifest.dependencies, manifest.devDependencies]);
  const lock = readFileSync(join(ROOT, "package-lock.json"));
  return createHash("sha256").update(asked).update(lock).digest("hex");
}

function runsHere(node) {
  const answer = spawnSync(node, ["--version"], { encoding: "utf8" });
  const version = /^v(\d+)\.(\d+)\./.exec(answer.stdout ?? "");
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
}

function npmInstall() {
  return new Promise((resolve) => {
    const npm = spawn("npm", ["install", "--no-audit", "--no-fund"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    npm.stdout.on("data", (chunk) => (output += chunk));
    npm.stderr.on("data", (chunk) => (output += chunk));
    const end = () => npm.kill("SIGTERM");
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
    const settle = (code, reason) => {
      process.off("SIGTERM", end);
      process.off("SIGINT", end);
      resolve({ code, output: `${output}${reason}` });
    };
    npm.once("error", (error) => settle(1, `npm did not start: ${error.message}\n`));
    npm.once("close", (code, signal) => settle(code ?? 1, signal === null ? "" : `npm was ended by ${signal}\n`));
  });
}

/**
 * Installs packages unless the stamp in node_modules names exactly this lock file. Prints one line before and one
 * word after; npm's own output only when it failed. Returns whether node_modules is now as asked.
 */
export async function installPackages() {
  process.stdout.write("  install   ");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wantedStamp()) {
    process.stdout.write("packages are up to date\n");
    return true;
  }
  process.stdout.write("npm install (a minute or two the first time) ... ");
  const { code, output } = await npmInstall();
  if (code !== 0) {
    process.stdout.write("failed\n\n");
    process.stderr.write(
      `${output}\nnpm install failed. Its reason is above; mend it and run the same command again.\n`,
    );
    return false;
  }
  // npm may have rewritten the lock: the stamp names what is there now.
  writeFileSync(STAMP, wantedStamp());
  process.stdout.write("done\n");
  return true;
}

/**
 * The path of a Node that runs wrangler and our TypeScript (24.2 or newer): the one that node_modules brings, else the
 * one that runs this. Prints what to do and returns null when neither does.
 */
export function findNode() {
  if (existsSync(OWN_NODE) && runsHere(OWN_NODE)) return OWN_NODE;
  if (runsHere(process.execPath)) return process.execPath;
  const own = existsSync(OWN_NODE)
    ? "The one in node_modules does not run on this system."
    : "npm did not put one into node_modules, perhaps because install scripts are switched off (`ignore-scripts`).";
  process.stderr.write(
    `\nSallyport needs Node ${LEAST_NODE.join(".")} or newer to run wrangler; this is ${process.version}.\n${own}\n` +
      "Install Node 24, or run `npm rebuild node`, and then the same command again.\n",
  );
  return null;
}
