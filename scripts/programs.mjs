/**
 * Programs beside the packages, installed with apt-get where they are missing: `node scripts/programs.mjs haproxy`. Plain JavaScript for Node 20.
 * Ends with 1 where a program cannot be had, and says why.
 */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ROOT } from "./install.mjs";

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Runs a command on this screen; its exit code. */
export function run(command, args, env = process.env) {
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

/** Programs that tests and the bench need beside the packages, all of them in Debian. */
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
  {
    name: "haproxy",
    command: "/usr/sbin/haproxy",
    version: ["-v"],
    for: "bench",
    why: "its `jwt_verify` stands beside ours in the bench",
    elsewhere: "elsewhere: put a HAProxy at /usr/sbin/haproxy",
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
      process.stderr.write(`\`apt-get ${args.join(" ")}\` failed, so there is no ${name}.\n`);
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
        `Install it (Debian: \`sudo apt-get install ${name}\`; ${elsewhere}) and run this again.\n`,
    );
    return false;
  }
  process.stdout.write(`${name} is missing; installing it with apt-get\n`);
  if (!(await withoutServices(prefix, () => aptInstall(prefix, name)))) return false;
  if (succeeds(command, version)) return true;
  process.stderr.write(`apt-get installed ${name}, but ${command} does not run.\n`);
  return false;
}

/** All that tests need, one after another: apt-get runs once at a time. */
export async function ensureTestPrograms() {
  for (const program of PROGRAMS) if (program.for !== "bench" && !(await ensureProgram(program))) return false;
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = PROGRAMS.find(({ name }) => name === process.argv[2]);
  process.exitCode = program !== undefined && (await ensureProgram(program)) ? 0 : 1;
}
