import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { bundle } from "../../scripts/workers/bundle.ts";
import { migrate, newSecrets, workerOptions } from "../../scripts/workers/options.ts";
import { sha256Base64url } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { newClientSecret } from "../../src/protocol/client_secret.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { calledServer } from "./called_server.ts";

export const HOST = "localhost";
const ENTRY = fileURLToPath(new URL("../../src/worker.ts", import.meta.url));

/** An answer of one of the isolates, read whole. */
export interface Told {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Client {
  readonly id: string;
  readonly secret: string;
}

/** One isolate: a Worker with a socket of its own. */
export interface Isolate {
  /** Where its socket listens on 127.0.0.1, for what no client library sends. */
  readonly port: number;
  call(method: string, path: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Told>;
}

/** Two isolates of one installation: the same objects, KV and D1, and nothing else between them. */
export interface TwoIsolates {
  readonly a: Isolate;
  readonly b: Isolate;
  readonly db: D1;
  /** The gate's copies of API keys, by digest. */
  readonly copies: Kv;
  newClient(scopes: readonly string[]): Promise<Client>;
  dispose(): Promise<void>;
}

type D1 = Awaited<ReturnType<Miniflare["getD1Database"]>>;
type Kv = Awaited<ReturnType<Miniflare["getKVNamespace"]>>;

/** Starts both isolates, and an origin: by default one that answers 200 to everything. `config` is a file; the demo's where absent. */
export async function startTwoIsolates(
  origin: Server = calledServer((_, response) => response.end('{"from":"origin"}')),
  config: string | null = null,
): Promise<TwoIsolates> {
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const code = await bundle(ENTRY, config);
  const vars = { ISSUER_URL: `http://${HOST}`, GATEWAY_URL: `http://${HOST}`, DEMO_ORIGIN_URL: originUrl };
  const shared = { vars, secrets: newSecrets() };
  const miniflare = new Miniflare({
    host: "127.0.0.1",
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
  const isolate = async (name: string) => isolateAt(await miniflare.unsafeGetDirectURL(name));
  return {
    a: await isolate("a"),
    b: await isolate("b"),
    db,
    copies: await miniflare.getKVNamespace("API_KEYS", "a"),
    newClient: (scopes) => newClient(db, scopes),
    dispose: async () => {
      await miniflare.dispose();
      origin.closeAllConnections();
      await new Promise((resolve) => origin.close(resolve));
    },
  };
}

/** A client that may have `scopes` by client credentials. */
export async function newClient(db: D1, scopes: readonly string[]): Promise<Client> {
  const id = newClientId(platformRandom);
  const secret = newClientSecret(platformRandom);
  await db.batch([
    db
      .prepare(
        `INSERT INTO clients (id, name, auth_methods, grant_types, scopes, roles, created_at, updated_at)
         VALUES (?, 'test', '["client_secret_post"]', '["client_credentials"]', ?, '[]', 0, 0)`,
      )
      .bind(id, JSON.stringify(scopes)),
    db
      .prepare("INSERT INTO client_secrets (id, client_id, hash, last_four, created_at) VALUES (?, ?, ?, '', 0)")
      .bind(id.replace("cli_", "sec_"), id, await sha256Base64url(secret)),
  ]);
  return { id, secret };
}

/** Calls by the installation's one name, whatever socket they go to. */
function isolateAt({ hostname, port }: URL): Isolate {
  return {
    port: Number(port),
    call: (method, path, headers = {}, body) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
        const sent = { host: HOST, ...length, ...headers };
        const outgoing = request({ hostname, port, method, path, headers: sent }, (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            const json = text.startsWith("{") ? JSON.parse(text) : {};
            resolve({ status: incoming.statusCode ?? 0, json });
          });
        });
        outgoing.on("error", reject);
        outgoing.end(body);
      }),
  };
}
