import type { Server, ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundle } from "../../scripts/workers/bundle.ts";
import { migrate, newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { calledServer } from "./called_server.ts";
import { until } from "./until.ts";

/**
 * What only real connections show of the audit trail: callers that hang up, a real queue, and its real consumer.
 */
const HOST = "localhost";
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let origin: Server;
let miniflare: Miniflare;
let port: number;
/** Answers that the origin owes, by path. */
const owed = new Map<string, ServerResponse>();

beforeAll(async () => {
  origin = calledServer((incoming, response) => owed.set(incoming.url ?? "", response));
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const vars = { ISSUER_URL: `http://${HOST}`, GATEWAY_URL: `http://${HOST}`, DEMO_ORIGIN_URL: originUrl };
  const code = await bundle(at("../../src/worker.ts"), at("configs/audited.ts"));
  miniflare = new Miniflare({
    host: "127.0.0.1",
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume();
      stderr.resume();
    },
    workers: [workerOptions(code, { name: "gate", vars, secrets: newSecrets() })],
  });
  await migrate(await miniflare.getD1Database("DB", "gate"));
  port = Number((await miniflare.unsafeGetDirectURL("gate")).port);
});

afterAll(async () => {
  await miniflare.dispose();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

/** Calls, and hangs up as soon as the origin has the call. */
async function callAndHangUp(path: string): Promise<void> {
  const socket = connect(port, "127.0.0.1", () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`));
  socket.on("error", () => undefined);
  await until(() => owed.has(path));
  socket.destroy();
}

async function recorded(): Promise<Readonly<Record<string, unknown>>[]> {
  const db = await miniflare.getD1Database("DB", "gate");
  const { results } = await db.prepare("SELECT target, outcome, detail FROM audit_events ORDER BY target").all();
  return results;
}

it("a caller who hangs up once the origin works is recorded, whether or not the origin ever answers", async () => {
  await callAndHangUp("/silent/0");
  await callAndHangUp("/audited/1");
  await callAndHangUp("/audited/2");
  owed.get("/audited/2")?.end("late");
  await until(async () => (await recorded()).length === 2);
  const rows = await recorded();
  expect(rows).toMatchObject([
    { target: "/audited/1", outcome: "allowed" },
    { target: "/audited/2", outcome: "allowed" },
  ]);
  expect(JSON.parse(String(rows[0]?.detail))).toMatchObject({ status: null });
});
