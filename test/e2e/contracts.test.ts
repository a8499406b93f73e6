import { type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundle } from "../../scripts/workers/bundle.ts";
import { newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { calledServer } from "./called_server.ts";

/** What only real connections show of bodies that are looked into: framing, codings, and origins that lie about them. */
const HOST = "localhost";
const HIDDEN = "do-not-show-this";
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let origin: Server;
let miniflare: Miniflare;
let port: number;
let answer: (response: ServerResponse) => void;
let received: { headers: IncomingMessage["headers"]; body: string }[] = [];

beforeAll(async () => {
  origin = calledServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      received.push({ headers: incoming.headers, body: Buffer.concat(chunks).toString() });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const vars = { ISSUER_URL: `http://${HOST}`, GATEWAY_URL: `http://${HOST}`, DEMO_ORIGIN_URL: originUrl };
  const code = await bundle(at("../../src/worker.ts"), at("configs/contracts.ts"));
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

beforeEach(() => {
  received = [];
  answer = (response) => json(response, '{"name":"a"}');
});

afterAll(async () => {
  await miniflare.dispose();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

function json(response: ServerResponse, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(body);
}

interface Told {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

function call(
  path: string,
  chunks: readonly string[] = [],
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const method = chunks.length === 0 ? "GET" : "POST";
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, headers: { host: HOST, ...headers }, agent: false },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const raw = Buffer.concat(parts);
          const body = incoming.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: body.toString() });
        });
      },
    );
    outgoing.on("error", reject);
    for (const chunk of chunks) outgoing.write(chunk);
    outgoing.end();
  });
}

describe.each(["/plain/thing", "/guarded/thing"])("bodies over real connections, %s", (path) => {
  it("what came in chunks goes on as the same bytes, with its length", async () => {
    const type = { "content-type": "application/json" };
    expect((await call(path, ['{"na', 'me" : "\\u0061', '"}'], type)).status).toBe(200);
    expect(received).toEqual([expect.objectContaining({ body: '{"name" : "\\u0061"}' })]);
    expect(received[0]?.headers["content-length"]).toBe("19");
    expect(received[0]?.headers["transfer-encoding"]).toBeUndefined();
    expect((await call(path, ['{"name":', "5}"], type)).status).toBe(400);
    expect(received).toHaveLength(1);
  });

  it("what is left of a body from which something was dropped has its own length", async () => {
    const type = { "content-type": "application/json" };
    expect((await call(path, ['{"name":"a", "ran', 'k":"9"}'], type)).status).toBe(200);
    expect(received).toEqual([expect.objectContaining({ body: '{"name":"a"}' })]);
    expect(received[0]?.headers["content-length"]).toBe("12");
  });

  it.each([{}, { "accept-encoding": "gzip" }])(
    "a coded response is filtered, and whole, asked with %j",
    async (asked) => {
      const body = gzipSync(JSON.stringify({ name: "a", pay: HIDDEN }));
      answer = (response) =>
        json(response, body, { "content-encoding": "gzip", "content-length": String(body.length) });
      expect(await call(path, [], asked)).toMatchObject({ status: 200, text: '{"name":"a"}' });
      const same = gzipSync('{"name" : "a"}');
      answer = (response) =>
        json(response, same, { "content-encoding": "gzip", "content-length": String(same.length) });
      expect(await call(path, [], asked)).toMatchObject({ status: 200, text: '{"name" : "a"}' });
      expect(received[0]?.headers["accept-encoding"]).toBe("gzip");
    },
  );

  it("a coded response that grows beyond the bound is given up", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    answer = (response) => json(response, bomb, { "content-encoding": "gzip" });
    const { status, text } = await call(path);
    expect([status, JSON.parse(text).code]).toEqual([502, "response_invalid"]);
  });

  it("an origin that lies about the length or the coding shows nothing of it", async () => {
    const whole = JSON.stringify({ name: "a", pay: HIDDEN });
    const lies: readonly ((response: ServerResponse) => void)[] = [
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": String(whole.length + 5) });
        response.write(whole, () => response.destroy());
      },
      (response) => json(response, whole, { "content-encoding": "gzip" }),
      (response) => json(response, whole, { "content-encoding": "deflate" }),
      (response) => json(response, whole, { "content-type": "text/plain" }),
    ];
    for (const lie of lies) {
      answer = lie;
      const { status, text } = await call(path);
      expect(status).toBe(502);
      expect(text).not.toContain(HIDDEN);
    }
  });

  it("of an upload that breaks off the origin hears nothing, and the next call passes", async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        const head = `POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"name":`;
        socket.write(head, () => socket.destroy());
      });
      socket.once("close", () => resolve());
    });
    expect((await call(path)).status).toBe(200);
    expect(received).toHaveLength(1);
  });
});
