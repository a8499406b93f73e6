import { type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "../../scripts/workers/bundle.ts";
import { newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { calledServer } from "./called_server.ts";
import { until } from "./until.ts";

/**
 * What only real connections show: callers that hang up, origins that break off, and bodies that the runtime encodes.
 */
const HOST = "localhost";
const PLACES = 10;
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let origin: Server;
let miniflare: Miniflare;
let port: number;
/** What the origin does with a call, by the last segment of its path. */
const deeds = new Map<string, (incoming: IncomingMessage, response: ServerResponse) => void>();
const seen = { inFlight: 0, most: 0, begun: 0, ended: 0 };

beforeAll(async () => {
  origin = calledServer((incoming, response) => {
    seen.begun += 1;
    seen.inFlight += 1;
    seen.most = Math.max(seen.most, seen.inFlight);
    response.once("close", () => {
      seen.inFlight -= 1;
      seen.ended += 1;
    });
    deeds.get(incoming.url?.split("/").at(-1) ?? "")?.(incoming, response);
  });
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const vars = { ISSUER_URL: `http://${HOST}`, GATEWAY_URL: `http://${HOST}`, DEMO_ORIGIN_URL: originUrl };
  const code = await bundle(at("../../src/worker.ts"), at("configs/guarded_origin.ts"));
  miniflare = new Miniflare({
    host: "127.0.0.1",
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume();
      stderr.resume();
    },
    workers: [workerOptions(code, { name: "gate", vars, secrets: newSecrets() })],
  });
  port = Number((await miniflare.unsafeGetDirectURL("gate")).port);
});

afterAll(async () => {
  await miniflare.dispose();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

interface Told {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

function call(path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = { host: HOST, ...(body === undefined ? {} : { "content-length": String(body.length) }), ...headers };
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers: sent, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A caller that a test hangs up for: resolves once the first bytes are there. */
function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`));
    socket.once("data", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Every place is free: as many calls as there are places pass at once, and the next one does not. */
async function expectAllFree(): Promise<void> {
  const held: ServerResponse[] = [];
  deeds.set("free", (_, response) => void held.push(response));
  const calls = Array.from({ length: PLACES }, () => call("/guarded/free"));
  await until(() => held.length === PLACES);
  expect((await call("/guarded/free")).status).toBe(503);
  for (const response of held) response.end("free");
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(PLACES).fill(200));
}

describe("an origin that bears ten calls at once", () => {
  it("of 50 at once it sees ten, the others hear 503 without waiting", async () => {
    const held: ServerResponse[] = [];
    deeds.set("hold", (_, response) => void held.push(response));
    seen.most = 0;
    const calls = Array.from({ length: 50 }, () => call("/guarded/hold"));
    let busy = 0;
    for (const answer of calls) void answer.then(({ status }) => (busy += status === 503 ? 1 : 0));
    await until(() => busy === 50 - PLACES && held.length === PLACES);
    expect(seen.most).toBe(PLACES);
    for (const response of held) response.end("done");
    await Promise.all(calls);
    await expectAllFree();
  });

  it("callers that hang up in the middle of a body give their places back", async () => {
    deeds.set("stream", (_, response) => {
      const ticking = setInterval(() => response.write("x".repeat(20_000)), 10);
      response.once("close", () => clearInterval(ticking));
    });
    const sockets = await Promise.all(Array.from({ length: PLACES }, () => open("/guarded/stream")));
    expect((await call("/guarded/stream")).status).toBe(503);
    const before = seen.ended;
    for (const socket of sockets) socket.destroy();
    await until(() => seen.ended === before + PLACES);
    deeds.set("quick", (_, response) => void response.end("quick"));
    await until(async () => (await call("/guarded/quick")).status === 200);
    await expectAllFree();
  });

  it("origins that break off in the middle of a body, or before it, give theirs back", async () => {
    deeds.set("break", (incoming, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("some", () => incoming.socket.destroy());
    });
    const broken = Array.from({ length: PLACES }, () => call("/guarded/break").catch(() => null));
    expect(await Promise.all(broken)).toEqual(Array(PLACES).fill(null));
    deeds.set("cut", (incoming) => void incoming.socket.destroy());
    const cut = await Promise.all(Array.from({ length: PLACES }, () => call("/guarded/cut")));
    expect(new Set(cut.map(({ status }) => status))).toEqual(new Set([502]));
    await expectAllFree();
  });

  it.each(["guarded", "plain"])("a call that is too late is ended at the origin (%s)", async (route) => {
    deeds.set("never", () => undefined);
    const before = seen.begun;
    // On a busy machine one may be too late before the origin hears of it.
    await until(async () => {
      expect((await call(`/${route}-late/never`)).status).toBe(504);
      return seen.begun > before;
    });
    await until(() => seen.ended === seen.begun);
    deeds.set("quick", (_, response) => void response.end("quick"));
    await until(async () => (await call(`/${route}-late/quick`)).status === 200);
  });
});

describe("what passes through the place", () => {
  it.each(["guarded", "plain"])(
    "an encoded body stays encoded and whole, a plain one keeps its length (%s)",
    async (route) => {
      const text = "sally port ".repeat(20_000);
      deeds.set("gzip", (_, response) => {
        const encoded = gzipSync(text);
        response.writeHead(200, { "content-encoding": "gzip", "content-length": String(encoded.length) }).end(encoded);
      });
      const encoded = await call(`/${route}/gzip`, { "accept-encoding": "gzip" });
      expect([encoded.status, encoded.headers["content-encoding"]]).toEqual([200, "gzip"]);
      expect(gunzipSync(encoded.body).toString()).toBe(text);
      deeds.set("plain", (_, response) => void response.writeHead(200, { "content-length": text.length }).end(text));
      const plain = await call(`/${route}/plain`);
      expect([plain.headers["content-length"], plain.body.toString()]).toEqual([String(text.length), text]);
    },
  );

  it.each(["guarded", "plain"])("a request's body arrives whole and with its length (%s)", async (route) => {
    const text = "0123456789".repeat(50_000);
    const got = new Promise<readonly [string | undefined, number]>((resolve) => {
      deeds.set("upload", (incoming, response) => {
        let bytes = 0;
        incoming.on("data", (chunk: Buffer) => (bytes += chunk.length));
        incoming.on("end", () => {
          resolve([incoming.headers["content-length"], bytes]);
          response.end("thanks");
        });
      });
    });
    expect((await call(`/${route}/upload`, {}, text)).status).toBe(200);
    expect(await got).toEqual([String(text.length), text.length]);
  });
});
