/**
 * `npm test`: everything, from a fresh clone. Packages, redis-server, chromium, nginx and Caddy, `npm run check`, then every test. Plain JavaScript
 * for Node 20. Refuses to skip: what cannot be run is a failure with its reason. Extra arguments go to vitest.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findNode, installPackages, ROOT } from "./install.mjs";

const VITEST = join(ROOT, "node_modules", "vitest", "vitest.mjs");

// The Workers' test pool reads wrangler's configuration: it is to look nothing up, and to say only what is wrong.
const QUIET = { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "warn" };

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Runs a command on this screen; its exit code. */
function run(command, args, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: "inherit" });
    child.once("error", (error) => {
      process.stderr.write(`${command} did not start: ${error.message}\n`);
      resolve(1);
    });
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** The words before `apt-get` that make it root's, or null where apt cannot be used without a password. */
function aptPrefix() {
  if (!succeeds("apt-get", ["--version"])) return null;
  if (process.getuid?.() === 0) return [];
  return succeeds("sudo", ["-n", "true"]) ? ["sudo", "-n"] : null;
}

/** Programs that tests need beside the packages, all of them in Debian. */
const PROGRAMS = [
  {
    name: "redis-server",
    command: "redis-server",
    why: "the limiter's tests run against a real Redis",
    elsewhere: "macOS: `brew install redis`",
  },
  {
    // The tests start it by this path: what a PATH calls chromium may be a snap, which cannot read a temporary profile.
    name: "chromium",
    command: "/usr/bin/chromium",
    why: "the pages are looked at in a real browser",
    elsewhere: "elsewhere: put a Chromium at /usr/bin/chromium",
  },
  {
    name: "nginx-light",
    command: "/usr/sbin/nginx",
    version: ["-v"],
    why: "the gate is asked by a real nginx",
    elsewhere: "elsewhere: put an nginx with ngx_http_auth_request_module at /usr/sbin/nginx",
  },
  {
    name: "caddy",
    command: "/usr/bin/caddy",
    version: ["version"],
    why: "the gate is asked by a real Caddy",
    elsewhere: "elsewhere: put a Caddy at /usr/bin/caddy",
  },
];

/** Debian starts servers as it installs them, unless this file says no (invoke-rc.d(8)). An own one of the system is kept. */
const POLICY = "/usr/sbin/policy-rc.d";
const START_NOTHING = `test -e ${POLICY} || { printf '#!/bin/sh\nexit 101\n' > ${POLICY} && chmod 755 ${POLICY} && echo made; }`;

/** Installs `name`; whether that went well. */
async function aptInstall(prefix, name) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", name]]) {
    const [first, ...rest] = [...prefix, "apt-get", ...args];
    if ((await run(first, rest, env)) !== 0) {
      process.stderr.write(`\`apt-get ${args.join(" ")}\` failed, so there is no ${name} to test with.\n`);
      return false;
    }
  }
  return true;
}

/** Does `work` while no service starts, so that tests leave none behind: they start servers of their own, on loopback. */
async function withoutServices(prefix, work) {
  const [first, ...rest] = [...prefix, "sh", "-c", START_NOTHING];
  const made = spawnSync(first, rest, { encoding: "utf8" }).stdout?.trim() === "made";
  try {
    return await work();
  } finally {
    if (made) {
      const [remove, ...args] = [...prefix, "rm", "-f", POLICY];
      spawnSync(remove, args, { stdio: "ignore" });
    }
  }
}

/** Whether `program` is here now, after an attempt to install it where it was not. */
async function ensureProgram({ name, command, version = ["--version"], why, elsewhere }) {
  if (succeeds(command, version)) return true;
  const prefix = aptPrefix();
  if (prefix === null) {
    process.stderr.write(
      `${name} is missing: ${why}. It could not be installed here without a password.\n` +
        `Install it (Debian: \`sudo apt-get install ${name}\`; ${elsewhere}) and run \`npm test\` again.\n`,
    );
    return false;
  }
  process.stdout.write(`${name} is missing; installing it with apt-get\n`);
  if (!(await withoutServices(prefix, () => aptInstall(prefix, name)))) return false;
  if (succeeds(command, version)) return true;
  process.stderr.write(`apt-get installed ${name}, but ${command} does not run.\n`);
  return false;
}

/** All of them, one after another: apt-get runs once at a time. */
async function ensurePrograms() {
  for (const program of PROGRAMS) if (!(await ensureProgram(program))) return false;
  return true;
}

/** Counts of vitest's JSON report. A file that could not be loaded counts as one failure. */
function readCounts(path) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Runs vitest; the counts and whether it was content, or null when it left no report. */
async function runTests(node, args, env) {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-test-"));
  const report = join(directory, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const code = await run(node, [VITEST, "run", ...reporters, ...args], env);
    return existsSync(report) ? { content: code === 0, ...readCounts(report) } : null;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What is wrong with a run, beside the failures that vitest has shown itself. */
function remarks(outcome, ordered, filtered) {
  const { content, failed, skipped } = outcome;
  return [
    ordered ? null : "`npm run check` failed; its reasons are above the tests.",
    skipped > 0 && !filtered ? `${skipped} tests were skipped: a test runs or is removed.` : null,
    !content && failed === 0 ? "vitest failed outside of any test; its reason is above." : null,
  ].filter((remark) => remark !== null);
}

async function main() {
  process.stdout.write("Sallyport's tests\n");
  if (!(await installPackages())) return false;
  const node = findNode();
  if (node === null || !(await ensurePrograms())) return false;
  const env = { ...process.env, ...QUIET, PATH: `${dirname(node)}:${process.env.PATH}` };
  const ordered = (await run("npm", ["run", "--silent", "check"], env)) === 0;
  const args = process.argv.slice(2);
  const outcome = await runTests(node, args, env);
  if (outcome === null) {
    process.stderr.write("vitest ended without a report; its reason is above.\n");
    return false;
  }
  const wrong = remarks(outcome, ordered, args.length > 0);
  for (const remark of wrong) process.stderr.write(`${remark}\n`);
  process.stdout.write(`${outcome.passed} passed, ${outcome.failed} failed\n`);
  return wrong.length === 0 && outcome.content && outcome.failed === 0;
}

process.exitCode = (await main()) ? 0 : 1;
