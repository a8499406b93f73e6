import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { workerdChildren } from "../../scripts/bench/process_usage.ts";
import { bundle } from "../../scripts/workers/bundle.ts";
import { Connection } from "../../scripts/workers/connection.ts";
import { migrate, newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { PersonBrowser } from "../../scripts/workers/person_browser.ts";
import { type PlantedPeople, plantPeople } from "../../scripts/workers/plant_people.ts";
import { calledServer } from "./called_server.ts";
import type { Connections } from "./race.ts";

export const HOST = "localhost";
const ISSUER = `http://${HOST}`;
const ENTRY = fileURLToPath(new URL("../../src/worker.ts", import.meta.url));

/**
 * An installation to race against: `npm start`'s Worker in two isolates over the same objects, as production has many. On
 * sockets of workerd itself: `wrangler dev` puts a proxy in between, which is too slow for hundreds of rounds and lines
 * requests up that are to meet.
 */
export interface RaceWorld {
  readonly people: PlantedPeople;
  /** One of them, signed in. */
  readonly browser: PersonBrowser;
  /** A browser that nobody has used yet. */
  newBrowser(): PersonBrowser;
  /** The texts of the mails to `recipient`, the newest first. */
  mailsTo(recipient: string): Promise<readonly string[]>;
  /** `count` connections, 2 at least, every other one to the other isolate. The world closes them. */
  connect(count: number): Connections;
  /** Kills the runtime (SIGKILL), and waits until another one runs on what it left on disk. */
  crash(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Starts the installation with `config` in place of `sallyport.config.ts` where given, with so many people, and signs the first one
 * in.
 */
export async function startRaceWorld(config: string | null, count = 1): Promise<RaceWorld> {
  const origin = calledServer((_, response) => response.end('{"from":"origin"}'));
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const code = await bundle(ENTRY, config);
  const vars = { ISSUER_URL: ISSUER, GATEWAY_URL: ISSUER, DEMO_ORIGIN_URL: originUrl };
  const shared = { vars, secrets: newSecrets() };
  const disk = mkdtempSync(join(tmpdir(), "sallyport-race-"));
  const strangers = new Set(workerdChildren());
  const runtime = new EventEmitter();
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    defaultPersistRoot: disk,
    // Miniflare waits for the end of a runtime before it starts the next one on the same sockets.
    unsafeHandleRuntimeRestart: () => {
      runtime.emit("restarted");
    },
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume();
      stderr.resume();
    },
    workers: [
      workerOptions(code, { name: "a", ...shared }),
      workerOptions(code, { name: "b", ...shared, objectsIn: "a" }),
    ],
  });
  const db = await miniflare.getD1Database("DB", "a");
  await migrate(db);
  const people = await plantPeople(db, count);
  const a = await miniflare.unsafeGetDirectURL("a");
  const b = await miniflare.unsafeGetDirectURL("b");
  const open: Connection[] = [];
  const connectTo = (isolate: URL) => {
    const connection = new Connection(isolate, HOST);
    open.push(connection);
    return connection;
  };
  const connect = (count: number): Connections => {
    const others = Array.from({ length: count - 2 }, (_, at) => connectTo(at % 2 === 0 ? a : b));
    return [connectTo(a), connectTo(b), ...others];
  };
  const browser = new PersonBrowser(connectTo(a), ISSUER);
  await browser.signIn(people.emails[0] ?? "", people.password);
  return {
    people,
    browser,
    newBrowser: () => new PersonBrowser(connectTo(a), ISSUER),
    mailsTo: async (recipient) => {
      // Asked for anew: what reached the database before a kill does not reach it after.
      const now = await miniflare.getD1Database("DB", "a");
      const sql = "SELECT body FROM mail_outbox WHERE recipient = ? ORDER BY seq DESC";
      const { results } = await now.prepare(sql).bind(recipient).all<{ body: string }>();
      return results.map(({ body }) => body);
    },
    connect,
    crash: async () => {
      const pid = workerdChildren().find((child) => !strangers.has(child));
      if (pid === undefined) throw new Error("the runtime is not there");
      const restarted = once(runtime, "restarted");
      process.kill(Number(pid), "SIGKILL");
      await restarted;
    },
    dispose: async () => {
      for (const connection of open) connection.close();
      await miniflare.dispose();
      origin.closeAllConnections();
      await new Promise((resolve) => origin.close(resolve));
      rmSync(disk, { recursive: true, force: true });
    },
  };
}
