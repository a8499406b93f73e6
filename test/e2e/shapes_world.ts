import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { bundle } from "../../scripts/workers/bundle.ts";
import { migrate, newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { calledServer } from "./called_server.ts";
import { leftOver, startCommand } from "./command.ts";
import { HOST, newClient } from "./two_isolates_world.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
export const SECRET = "a secret of the proxy, of thirty-two bytes";

/** A call as the origin received it. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An answer, read whole. */
export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The gate, an origin that writes down what reaches it, and an app of another Worker with the gate before it. */
export interface ShapesWorld {
  readonly gatePort: number;
  readonly appPort: number;
  readonly originPort: number;
  readonly received: Received[];
  /** A token with `orders:read`, of a client of its own. */
  token(): Promise<string>;
  dispose(): Promise<void>;
}

export async function startShapesWorld(): Promise<ShapesWorld> {
  const received: Received[] = [];
  const origin = await startRecorder(received);
  const originPort = (origin.address() as AddressInfo).port;
  const vars = {
    ISSUER_URL: `http://${HOST}`,
    GATEWAY_URL: `http://${HOST}`,
    DEMO_ORIGIN_URL: `http://127.0.0.1:${originPort}`,
  };
  const gate = await bundle(at("../../src/worker.ts"), at("configs/shapes.ts"));
  const app = await bundle(at("../support/guarded_app.worker.ts"), null);
  const options = workerOptions(gate, { name: "gate", vars, secrets: { ...newSecrets(), PROXY_SECRET: SECRET } });
  const { modules, compatibilityDate } = { ...options, ...workerOptions(app, { name: "app", vars, secrets: {} }) } as {
    readonly modules: never;
    readonly compatibilityDate: string;
  };
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume();
      stderr.resume();
    },
    workers: [
      options,
      {
        name: "app",
        modules,
        compatibilityDate,
        serviceBindings: { AUTHORIZER: { name: "gate", entrypoint: "Authorizer" } },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  });
  const db = await miniflare.getD1Database("DB", "gate");
  await migrate(db);
  const gatePort = Number((await miniflare.unsafeGetDirectURL("gate")).port);
  return {
    gatePort,
    appPort: Number((await miniflare.unsafeGetDirectURL("app")).port),
    originPort,
    received,
    token: async () => {
      const client = await newClient(db, ["orders:read"]);
      const form = { grant_type: "client_credentials", client_id: client.id, client_secret: client.secret };
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const body = new URLSearchParams(form).toString();
      const answer = await call(gatePort, "/oauth2/token", { method: "POST", headers, body });
      if (answer.status !== 200) throw new Error(answer.text);
      return JSON.parse(answer.text).access_token;
    },
    dispose: async () => {
      await miniflare.dispose();
      origin.closeAllConnections();
      await new Promise((resolve) => origin.close(resolve));
    },
  };
}

async function startRecorder(received: Received[]): Promise<Server> {
  const origin = calledServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.end('{"from":"origin"}');
    });
  });
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  return origin;
}

interface CallWishes {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** A call by the installation's one name to whatever listens at `port`. */
export function call(
  port: number,
  path: string,
  { method = "GET", headers = {}, body }: CallWishes = {},
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = { host: HOST, ...length, ...headers } as Record<string, string | string[]>;
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers: sent, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Sends bytes that no client library sends (`Connection: close` among them), and gives the status of what comes back; 0 for nothing. */
export function callRaw(port: number, head: string): Promise<number> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.from(`${head}\r\n\r\n`, "latin1")));
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0)));
  });
}

/** The block of `language` in docs/shapes.md, so that what people copy is what was run. */
export function documented(language: string): string {
  const block = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(
    readFileSync(at("../../docs/shapes.md"), "utf8"),
  );
  if (block?.[1] === undefined) throw new Error(`docs/shapes.md has no block of ${language}`);
  return block[1];
}

/** `config` with the names of this world in the place of the page's. */
export function inWorld(config: string, { gatePort, originPort }: ShapesWorld): string {
  return config
    .replaceAll("https://gate.example.com", `http://127.0.0.1:${gatePort}`)
    .replaceAll("gate.example.com", HOST)
    .replaceAll("origin.internal:8080", `127.0.0.1:${originPort}`)
    .replaceAll("<the secret>", SECRET);
}

/** A proxy that runs. */
export interface RunningProxy {
  readonly port: number;
  end(): Promise<void>;
}

/**
 * Starts `command` with `config` as a file in a directory of its own, and waits until it listens on `port`. It runs on loopback, in
 * its own process group, and leaves nothing behind.
 */
export async function startProxy(
  command: string,
  args: (directory: string, file: string) => readonly string[],
  config: (directory: string) => string,
  port: number,
): Promise<RunningProxy> {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-proxy-"));
  const file = join(directory, "config");
  writeFileSync(file, config(directory));
  const homes = { HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
  const running = startCommand(command, args(directory, file), directory, homes);
  let isOver = false;
  void running.ended().then(() => {
    isOver = true;
  });
  const end = async () => {
    const tree = running.tree();
    if (!isOver) running.signalGroup("SIGTERM");
    await running.ended();
    const left = await leftOver(tree);
    rmSync(directory, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`${command} left processes behind`);
  };
  const deadline = Date.now() + 30_000;
  while (!(await listens(port))) {
    if (isOver || Date.now() > deadline) {
      await end();
      throw new Error(`${command} did not start: ${running.output()}`);
    }
    await sleep(50);
  }
  return { port, end };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
