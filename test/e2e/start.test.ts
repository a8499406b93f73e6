import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Credentials } from "../../scripts/seed/credentials.ts";
import { Connection } from "../../scripts/workers/connection.ts";
import { PersonBrowser } from "../../scripts/workers/person_browser.ts";
import { leftOver, plainEnvironment, type RunningCommand, startCommand } from "./command.ts";
import { freePorts } from "./free_port.ts";
import { type FreshCopy, freshCopy } from "./fresh_copy.ts";
import { commandLine } from "./process_tree.ts";
import { type Connections, raceForCode, raceToRefresh } from "./race.ts";
import { askForDevice, poll, redeem } from "./token_calls.ts";

const READY = "Ctrl-C ends everything";
// The promise is 60 s with packages installed; installing them may come first where they are not.
const READY_MS = 60_000;
const INSTALLED_MS = 180_000;
/** A few rounds only, for wrangler dev is slow; code_race.test.ts and refresh_race.test.ts run hundreds. */
const RACES = 3;
/** The `database_id` of wrangler.toml. */
const NO_DATABASE_ID = "00000000-0000-0000-0000-000000000000";

let copy: FreshCopy;
let env: Record<string, string>;
let workerPort: number;
let originPort: number;
const started: RunningCommand[] = [];

function npm(...args: string[]): RunningCommand {
  const command = startCommand("npm", args, copy.root, env);
  started.push(command);
  return command;
}

async function ready(): Promise<RunningCommand> {
  const start = npm("start");
  await start.printed("  secrets ", INSTALLED_MS);
  await start.printed(READY, READY_MS);
  return start;
}

async function stop(start: RunningCommand): Promise<readonly number[]> {
  const tree = start.tree();
  start.signalGroup("SIGINT");
  await start.ended();
  return leftOver(tree);
}

function read(...path: string[]): string {
  return readFileSync(join(copy.root, ...path), "utf8");
}

function curlLines(start: RunningCommand): readonly string[] {
  return start
    .output()
    .split("\n")
    .filter((line) => /^(?:TOKEN=\$\()?curl /.test(line));
}

function paste(lines: readonly string[]): readonly string[] {
  const script = lines.map((line) => `${line}; echo`).join("\n");
  const output = execFileSync("bash", ["-c", script], { encoding: "utf8", env: plainEnvironment({}) });
  return output.split("\n").filter((line) => line !== "");
}

/** The files under `directory` that hold one of `texts`. */
function holding(texts: readonly string[], directory: string): readonly string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((file) => join(file.parentPath, file.name));
  if (paths.length === 0) throw new Error(`${directory} holds no files`);
  return paths.filter((path) => {
    const bytes = readFileSync(path);
    return texts.some((text) => bytes.includes(text));
  });
}

beforeAll(async () => {
  copy = freshCopy();
  const [worker = 0, origin = 0, inspector = 0] = await freePorts(3);
  workerPort = worker;
  originPort = origin;
  env = {
    SALLYPORT_PORT: String(worker),
    SALLYPORT_ORIGIN_PORT: String(origin),
    SALLYPORT_INSPECTOR_PORT: String(inspector),
  };
});

afterEach(async () => {
  for (const command of started.splice(0)) if (command.child.exitCode === null) await stop(command);
});

afterAll(() => copy.remove());

describe("npm start in a fresh clone", { timeout: 400_000 }, () => {
  test("shows its steps, prints three lines that work when pasted, and leaves nothing behind", async () => {
    const start = await ready();
    for (const step of ["install", "secrets", "migrate", "seed", "start"]) {
      expect(start.output()).toMatch(new RegExp(`^  ${step} +\\S`, "m"));
    }
    const lines = curlLines(start);
    expect(lines).toHaveLength(3);
    const [token = "", withToken = "{}", withKey = "{}"] = paste(lines);
    expect(token).toMatch(/^ey[\w-]+\.ey[\w-]+\.[\w-]+$/);
    expect(JSON.parse(withToken).orders).toHaveLength(2);
    expect(JSON.parse(withKey)).toEqual(JSON.parse(withToken));
    expect(await stop(start)).toEqual([]);
  });

  test("wrangler keeps no record of requests or secrets, and shows the state to nobody", async () => {
    const old = join(copy.root, ".wrangler", "state", "v3", "observability");
    mkdirSync(old, { recursive: true });
    writeFileSync(join(old, "traces.sqlite"), "recorded by an earlier start");
    const start = await ready();
    const gate = `http://localhost:${workerPort}`;
    const { machine, admin, api_keys }: Credentials = JSON.parse(read(".dev", "credentials.json"));
    paste(curlLines(start));
    const marker = "spat_marker_of_a_token_in_a_query";
    await fetch(`${gate}/orders?access_token=${marker}`);
    for (const path of ["", "/", "/api/d1/database", "/api/storage/kv/namespaces", "/api/workers"]) {
      const answer = await fetch(`${gate}/cdn-cgi/explorer${path}`, { redirect: "manual" });
      expect(answer.status, path).toBe(404);
      expect(await answer.text()).not.toContain("uuid");
    }
    const query = { method: "POST", body: JSON.stringify({ sql: "SELECT * FROM clients" }) };
    const raw = await fetch(`${gate}/cdn-cgi/explorer/api/d1/database/${NO_DATABASE_ID}/raw`, query);
    expect(raw.status).toBe(404);
    // Traces are written a moment after the answer.
    await sleep(2000);
    const secrets = [marker, machine.client_secret, admin.client_secret, ...Object.values(api_keys)];
    expect(holding(secrets, join(copy.root, ".wrangler", "state"))).toEqual([]);
    expect(await stop(start)).toEqual([]);
    expect(holding(secrets, join(copy.root, ".wrangler"))).toEqual([]);
    expect(existsSync(old)).toBe(false);
  });

  test("secrets lie in files that nobody else reads", () => {
    expect(statSync(join(copy.root, ".dev.vars")).mode & 0o777).toBe(0o600);
    expect(statSync(join(copy.root, ".dev")).mode & 0o777).toBe(0o700);
    expect(statSync(join(copy.root, ".dev", "credentials.json")).mode & 0o777).toBe(0o600);
    expect(read(".dev.vars")).toMatch(
      /^SIGNING_KEK=k1:[\w-]{43}\nIDENTITY_KEK=k1:[\w-]{43}\nGRANT_KEY=k1:[\w-]{43}\n$/,
    );
  });

  test("a second run keeps data and credentials, and a start beside it leaves it alone", async () => {
    const before = [read(".dev.vars"), read(".dev", "credentials.json")];
    const first = await ready();
    expect(first.output()).toContain("database is up to date");
    expect([read(".dev.vars"), read(".dev", "credentials.json")]).toEqual(before);
    const second = npm("start");
    expect(await second.ended()).not.toBe(0);
    expect(second.output()).toContain(`Port ${workerPort} is taken`);
    const reset = npm("run", "reset");
    expect(await reset.ended()).not.toBe(0);
    expect(reset.output()).toContain(`Port ${workerPort} is in use`);
    expect(JSON.parse(paste(curlLines(first).slice(2))[0] ?? "{}").orders).toHaveLength(2);
    expect(await stop(first)).toEqual([]);
    expect([read(".dev.vars"), read(".dev", "credentials.json")]).toEqual(before);
  });

  test("a start on other ports, beside one that runs on the same state, is refused", async () => {
    const first = await ready();
    const [worker, origin, inspector] = await freePorts(3);
    const second = startCommand("npm", ["start"], copy.root, {
      SALLYPORT_PORT: String(worker),
      SALLYPORT_ORIGIN_PORT: String(origin),
      SALLYPORT_INSPECTOR_PORT: String(inspector),
    });
    started.push(second);
    expect(await second.ended()).not.toBe(0);
    expect(second.output()).toContain("already runs from this directory");
    expect(await stop(first)).toEqual([]);
  });

  test.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)("npm ended by %s takes everything with it", async (signal) => {
    const start = await ready();
    const tree = start.tree();
    start.child.kill(signal);
    expect(await leftOver(tree)).toEqual([]);
  });

  test("20 at once: a code and a device code have one winner, a refresh token one successor, and all live", async () => {
    const start = await ready();
    const { users, web_client, issuer }: Credentials = JSON.parse(read(".dev", "credentials.json"));
    const [{ email = "", password = "" } = {}] = users;
    const [redirectUri = ""] = web_client.redirect_uris;
    const scope = "openid orders:read";
    const client = { id: web_client.client_id, secret: web_client.client_secret, redirectUri, scope };
    const connect = () => new Connection(new URL(issuer), new URL(issuer).host);
    const connections: Connections = [connect(), connect(), ...Array.from({ length: 18 }, connect)];
    const browser = new PersonBrowser(connect(), issuer);
    await browser.signIn(email, password);
    for (let round = 0; round < RACES; round++) {
      const code = await browser.codeFor(client);
      const redeemed = await raceForCode(connections, 0, client, (caller) => redeem(caller, client, code));
      expect(redeemed.words).toBe("1 answered, 19 invalid_grant, tokens live");
      const device = await askForDevice(connections[0], client);
      await browser.allowDevice(device.userCode);
      const polled = await raceForCode(connections, 0, client, (caller) => poll(caller, client, device));
      expect(polled.words).toBe("1 answered, 19 invalid_grant, tokens live");
      const { refreshToken } = await redeem(connections[0], client, await browser.codeFor(client));
      const refreshed = await raceToRefresh(connections, 0, client, refreshToken);
      expect(refreshed.words).toBe("20 answered, 1 successor, tokens live");
    }
    for (const connection of connections) connection.close();
    expect(await stop(start)).toEqual([]);
  });

  test("a server that dies is told plainly, and the others end with it", async () => {
    const start = await ready();
    const tree = start.tree();
    const wrangler = tree.find((pid) => commandLine(pid).includes("wrangler-dist/cli.js"));
    expect(wrangler).toBeDefined();
    process.kill(wrangler as number, "SIGKILL");
    expect(await start.ended()).toBe(1);
    expect(start.output()).toContain("wrangler dev (exit code");
    expect(await leftOver(tree)).toEqual([]);
  });

  test("wrangler agrees that every migration is applied", async () => {
    const wrangler = join(copy.root, "node_modules", "wrangler", "bin", "wrangler.js");
    const args = [wrangler, "d1", "migrations", "list", "sallyport", "--local"];
    const list = startCommand(process.execPath, args, copy.root, { WRANGLER_LOG_PATH: ".wrangler/logs" });
    started.push(list);
    expect(await list.ended()).toBe(0);
    expect(list.output()).toContain("No migrations to apply");
  });

  test("a port that a stranger holds is named, with what to do", async () => {
    const stranger = createServer((_, response) => response.end());
    await new Promise<void>((listening) => stranger.listen(originPort, "127.0.0.1", listening));
    try {
      const start = npm("start");
      expect(await start.ended()).not.toBe(0);
      expect(start.output()).toContain(`Port ${originPort} (the demo origin) is taken`);
      expect(start.output()).toContain("SALLYPORT_ORIGIN_PORT=<port> npm start");
    } finally {
      stranger.close();
    }
  });

  test("half of the state is refused, not repaired", async () => {
    for (const [file, reason] of [
      [".dev.vars", ".dev.vars is gone"],
      [join(".dev", "credentials.json"), ".dev/credentials.json is gone"],
      [join(".wrangler", "state"), "names clients that the database does not have"],
    ] as const) {
      renameSync(join(copy.root, file), join(copy.root, "put-aside"));
      const start = npm("start");
      expect(await start.ended()).not.toBe(0);
      expect(start.output()).toContain(reason);
      expect(start.output()).toContain("npm run reset");
      execFileSync("rm", ["-rf", join(copy.root, file)]);
      renameSync(join(copy.root, "put-aside"), join(copy.root, file));
    }
  });

  test("npm run reset wipes what start made", async () => {
    const reset = npm("run", "reset");
    expect(await reset.ended()).toBe(0);
    for (const path of [".dev", ".dev.vars", join(".wrangler", "state")]) {
      expect(existsSync(join(copy.root, path))).toBe(false);
    }
  });
});
