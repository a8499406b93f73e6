import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { RedisConnection, RedisError, type RedisReply } from "./redis_connection.ts";

/**
 * Upstash's REST protocol in front of a Redis on this machine, for tests and local development. Owns the translation:
 * `POST /` with one command, `POST /pipeline` with several, bearer token, base64 answers. Refuses any address but
 * loopback. Not a gate: who has the token can run any command.
 */
export interface UpstashBridge {
  /** What a client takes for the database's REST URL. */
  readonly url: string;
  /** Ends the server and its connection to Redis. */
  close(): Promise<void>;
}

export interface UpstashBridgeOptions {
  readonly redisPort: number;
  readonly token: string;
  /** Port to listen on; a free one when absent. */
  readonly port?: number;
}

interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

const MAX_BODY_BYTES = 1_000_000;

/** A first line that only Upstash's own Lua host accepts; Redis refuses the flag. */
const UPSTASH_SHEBANG = /^#!lua flags=allow-key-locking\s*\n/;

/** Starts a bridge on 127.0.0.1. Resolves when it accepts requests. */
export async function startUpstashBridge(options: UpstashBridgeOptions): Promise<UpstashBridge> {
  const bridge = new Bridge(options.redisPort);
  const server = createServer((request, response) => void serve(bridge, options.token, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the bridge has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        bridge.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(bridge: Bridge, token: string, request: IncomingMessage, response: ServerResponse) {
  const { status, body } = await answer(bridge, token, request).catch(
    (error: unknown): RestAnswer => ({ status: 500, body: { error: `ERR bridge: ${String(error)}` } }),
  );
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function answer(bridge: Bridge, token: string, request: IncomingMessage): Promise<RestAnswer> {
  const refuse = (status: number, error: string): RestAnswer => ({ status, body: { error } });
  const body = await readBody(request);
  if (request.headers.authorization !== `Bearer ${token}`) {
    return refuse(401, "WRONGPASS invalid or missing auth token");
  }
  if (request.method !== "POST") return refuse(405, "ERR only POST is spoken here");
  if (body === null) return refuse(413, "ERR max request size exceeded");
  const base64 = request.headers["upstash-encoding"] === "base64";
  const json = parseJson(body);
  if (request.url === "/pipeline") {
    const commands = Array.isArray(json) ? json.map(parseCommand) : [null];
    if (commands.some((command) => command === null)) return refuse(400, "ERR expected an array of commands");
    const replies = await Promise.all(commands.map((command) => bridge.send(command ?? [])));
    return { status: 200, body: replies.map((reply) => present(reply, base64)) };
  }
  const command = parseCommand(json);
  if (request.url !== "/") return refuse(404, "ERR no such endpoint");
  if (command === null) return refuse(400, "ERR expected a command as an array");
  const reply = await bridge.send(command);
  return { status: reply instanceof RedisError ? 400 : 200, body: present(reply, base64) };
}

/** The body as text, read to its end; null where it is larger than a request may be. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString("utf8") : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseCommand(json: unknown): string[] | null {
  if (!Array.isArray(json) || json.length === 0) return null;
  return json.map((part: unknown) => (typeof part === "string" ? part : JSON.stringify(part)));
}

function present(reply: RedisReply, base64: boolean): { result: unknown } | { error: string } {
  return reply instanceof RedisError ? { error: reply.message } : { result: encode(reply, base64) };
}

function encode(reply: RedisReply, base64: boolean): unknown {
  if (Array.isArray(reply)) return reply.map((item) => encode(item, base64));
  if (reply instanceof RedisError) return reply.message;
  if (Buffer.isBuffer(reply)) return reply.toString(base64 ? "base64" : "utf8");
  // `OK` alone is never encoded; clients compare it as it is.
  if (typeof reply === "string" && base64 && reply !== "OK") return Buffer.from(reply).toString("base64");
  return reply;
}

/** Commands as Upstash takes them, sent to a Redis that is a little stricter about scripts. */
class Bridge {
  readonly #redisPort: number;
  #connection: RedisConnection;
  /** Digest of a script as Upstash knows it -> digest of what Redis was given instead. */
  readonly #digests = new Map<string, string>();

  constructor(redisPort: number) {
    this.#redisPort = redisPort;
    this.#connection = new RedisConnection(redisPort);
  }

  /** Sends one command, connecting anew where the last connection was lost. */
  send(command: readonly string[]): Promise<RedisReply> {
    if (this.#connection.broken) this.#connection = new RedisConnection(this.#redisPort);
    return this.#connection.send(this.#translate(command));
  }

  close(): void {
    this.#connection.close();
  }

  #translate(command: readonly string[]): readonly string[] {
    const [name = "", first = "", second = "", ...rest] = command;
    switch (name.toLowerCase()) {
      case "eval":
      case "eval_ro":
        return [name, this.#plain(first), second, ...rest];
      case "evalsha":
      case "evalsha_ro":
        return [name, this.#digests.get(first.toLowerCase()) ?? first, second, ...rest];
      case "script":
        return first.toLowerCase() === "load" ? [name, first, this.#plain(second), ...rest] : command;
      default:
        return command;
    }
  }

  #plain(script: string): string {
    const plain = script.replace(UPSTASH_SHEBANG, "");
    if (plain !== script) this.#digests.set(sha1(script), sha1(plain));
    return plain;
  }
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      "redis-port": { type: "string", default: "6379" },
      port: { type: "string", default: "8079" },
      token: { type: "string" },
    },
  });
  if (values.token === undefined) {
    console.error("usage: upstash_bridge.ts --token <token> [--redis-port 6379] [--port 8079]");
    process.exit(2);
  }
  const bridge = await startUpstashBridge({
    redisPort: Number(values["redis-port"]),
    port: Number(values.port),
    token: values.token,
  });
  console.info(`Upstash REST on ${bridge.url}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void bridge.close().then(() => process.exit(0)));
  }
}
