import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare, type WorkerOptions } from "miniflare";
import { sha256Base64url } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { hashApiKey, newApiKey } from "../../src/protocol/api_key.ts";
import { newClientSecret } from "../../src/protocol/client_secret.ts";
import { newApiKeyId, newClientId } from "../../src/protocol/ids.ts";
import { type Bundle, bundle } from "../workers/bundle.ts";
import { migrate, newSecrets, workerOptions } from "../workers/options.ts";
import { type PlantedPeople, plantPeople } from "../workers/plant_people.ts";
import { BARE_PROXY, BARE_SIGNER, BARE_WRITER, HONO_JWK, ORIGIN } from "./controls.ts";
import { plantCrowd } from "./crowd.ts";
import { CONNECTIONS } from "./load.ts";
import { newOutsideIssuer, type OutsideIssuer } from "./outside_issuer.ts";
import { workerdChildren } from "./process_usage.ts";
import { QUIET } from "./quiet.ts";

/** One Worker in a workerd of its own. */
export interface RunningWorker {
  /** Its direct socket: scheme and authority. */
  readonly url: string;
  /** The process id of its workerd. */
  readonly pid: string;
}

/** What runs, and how to reach it. */
export interface Installation {
  readonly sallyport: RunningWorker;
  readonly origin: Pick<RunningWorker, "url">;
  /** Whose tokens configurations with outside issuers take. */
  readonly outsiders: OutsideIssuer;
  readonly bareProxy: RunningWorker;
  readonly bareSigner: RunningWorker;
  readonly bareWriter: () => Promise<RunningWorker>;
  readonly bareHasher: () => Promise<RunningWorker>;
  readonly honoJwk: () => Promise<RunningWorker>;
  /** Starts another installation of Sallyport, before the same origin. */
  readonly gate: (of: Bundle) => Promise<RunningGate>;
  readonly client: { readonly id: string; readonly secret: string };
  readonly apiKey: string;
  readonly people: PlantedPeople;
  /** Fills directory and accounts: see `plantCrowd`. Takes people who have a grant. */
  readonly fill: (count: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export const URL_OF_ISSUER = "http://localhost";
/** Three for each connection: an account has to itself what loads it, and those of the code row take turns. */
const PEOPLE = 3 * CONNECTIONS;
const COMPATIBILITY_DATE = "2026-07-30";
const WORKER = "worker";
const SOCKET = { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };

/** A workerd with Sallyport in it, filled with nothing but its tables. */
export interface RunningGate extends RunningWorker {
  readonly miniflare: Miniflare;
}

/** Starts the origin, the controls and Sallyport, each in a workerd of its own with a direct socket. */
export async function startInstallation(measured: Bundle): Promise<Installation> {
  const started: Miniflare[] = [];
  const start = async (worker: WorkerOptions): Promise<RunningGate> => {
    const known = new Set(workerdChildren());
    const miniflare = new Miniflare({ ...QUIET, workers: [worker] });
    started.push(miniflare);
    const { origin: url } = await miniflare.unsafeGetDirectURL(WORKER);
    const pid = workerdChildren().find((child) => !known.has(child));
    if (pid === undefined) throw new Error("a workerd that was started is not there");
    return { url, pid, miniflare };
  };
  const outsiders = newOutsideIssuer();
  const { url: originUrl } = await start(bare(ORIGIN, { JWKS: outsiders.jwks }));
  const toOrigin = { ORIGIN_URL: originUrl };
  const vars = { ISSUER_URL: URL_OF_ISSUER, GATEWAY_URL: URL_OF_ISSUER, DEMO_ORIGIN_URL: originUrl };
  const gate = async (of: Bundle) => {
    const running = await start(workerOptions(of, { name: WORKER, vars, secrets: newSecrets() }));
    await migrate(await running.miniflare.getD1Database("DB", WORKER));
    return running;
  };
  const hasher = async () => {
    const { modules } = await bundle(fileURLToPath(new URL("./bare_hasher.mjs", import.meta.url)), null);
    return start({ ...bare(""), modules } as WorkerOptions);
  };
  const sallyport = await gate(measured);
  return {
    origin: { url: originUrl },
    outsiders,
    sallyport,
    gate,
    bareProxy: await start(bare(BARE_PROXY, toOrigin)),
    bareSigner: await start(bare(await bundled(BARE_SIGNER))),
    bareWriter: once(async () => start(withStore(bare(await bundled(BARE_WRITER))))),
    bareHasher: once(hasher),
    honoJwk: once(async () => start(bare(await bundled(HONO_JWK), toOrigin))),
    ...(await seed(sallyport.miniflare)),
    dispose: async () => {
      await Promise.all(started.map((miniflare) => miniflare.dispose()));
    },
  };
}

/** What `make` makes, at the first asking and once. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** A Worker of one script. */
function bare(script: string, bindings: Record<string, string> = {}): WorkerOptions {
  const worker = { name: WORKER, modules: true, script, compatibilityDate: COMPATIBILITY_DATE, bindings };
  return { ...worker, ...SOCKET } as WorkerOptions;
}

function withStore(worker: WorkerOptions): WorkerOptions {
  return { ...worker, durableObjects: { STORE: { className: "Store", useSQLite: true } } };
}

async function seed(miniflare: Miniflare) {
  const db = await miniflare.getD1Database("DB", WORKER);
  const id = newClientId(platformRandom);
  const secret = newClientSecret(platformRandom);
  const methods = JSON.stringify(["client_secret_basic"]);
  await db.batch([
    db
      .prepare(
        `INSERT INTO clients (id, name, auth_methods, grant_types, scopes, roles, created_at, updated_at)
         VALUES (?, 'bench', ?, '["client_credentials"]', '["orders:read"]', '[]', 0, 0)`,
      )
      .bind(id, methods),
    db
      .prepare(
        "INSERT INTO client_secrets (id, client_id, hash, last_four, created_at) VALUES ('sec_bench', ?, ?, '', 0)",
      )
      .bind(id, await sha256Base64url(secret)),
  ]);
  const apiKey = newApiKey("secret", "test", platformRandom);
  const record = {
    id: newApiKeyId(platformRandom),
    environment: "test",
    kind: "secret",
    scopes: ["orders:read"],
    roles: [],
    disabled: false,
    expiresAtMs: null,
    secretExpiresAtMs: null,
    epoch: 1,
  };
  const kv = await miniflare.getKVNamespace("API_KEYS", WORKER);
  await kv.put(await hashApiKey(apiKey), JSON.stringify(record));
  const people = await plantPeople(db, PEOPLE);
  const fill = (count: number) => plantCrowd(miniflare, WORKER, people.ids, count);
  return { client: { id, secret }, apiKey, people, fill };
}

/** `source` with the packages that it imports. */
async function bundled(source: string): Promise<string> {
  const require = createRequire(import.meta.url);
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL("..", import.meta.url)), loader: "js" },
    bundle: true,
    write: false,
    external: ["cloudflare:*"],
    format: "esm",
    minify: true,
    conditions: ["workerd", "worker", "browser"],
    alias: { jose: require.resolve("jose") },
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
