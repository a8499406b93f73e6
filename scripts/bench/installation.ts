import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare, type WorkerOptions } from "miniflare";
import { type Bundle, bundle } from "../workers/bundle.ts";
import { migrate, newSecrets, workerOptions } from "../workers/options.ts";
import { type PlantedPeople, plantPeople } from "../workers/plant_people.ts";
import { type BenchCaller, plantCaller } from "./caller.ts";
import { BARE_PROXY, BARE_SIGNER, BARE_WRITER, DUTIES, HONO_JWK, ORIGIN, WRITING_DUTIES } from "./controls.ts";
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
export interface Installation extends BenchCaller {
  readonly sallyport: RunningGate;
  readonly origin: Pick<RunningWorker, "url">;
  /** Whose tokens configurations with outside issuers take. */
  readonly outsiders: OutsideIssuer;
  readonly bareProxy: RunningWorker;
  /** What no gate can do without, without a decision. */
  readonly duties: RunningWorker;
  readonly bareSigner: RunningWorker;
  readonly bareWriter: () => Promise<RunningWorker>;
  /** What no endpoint that spends something once can do without, without a judgement. */
  readonly writingDuties: () => Promise<RunningWorker>;
  readonly bareHasher: () => Promise<RunningWorker>;
  readonly honoJwk: () => Promise<RunningWorker>;
  /** Starts another installation of Sallyport, before the same origin. */
  readonly gate: (of: Bundle) => Promise<RunningGate>;
  readonly people: PlantedPeople;
  /** Fills directory and accounts: see `plantCrowd`. Takes people who have a grant. */
  readonly fill: (count: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export const URL_OF_ISSUER = "http://localhost";
/** One for each connection that refreshes, and shifts of as many whose codes are redeemed: enough for two runs of every shift with the bench's own rounds. */
const PEOPLE = 5 * CONNECTIONS;
const COMPATIBILITY_DATE = "2026-07-30";
const WORKER = "worker";
const SOCKET = { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };

type D1 = Awaited<ReturnType<Miniflare["getD1Database"]>>;

/** A workerd with Sallyport in it, and what it keeps: nothing but its tables and a caller. */
export interface RunningGate extends RunningWorker, BenchCaller {
  readonly miniflare: Miniflare;
  readonly database: () => Promise<D1>;
}

/** Starts the origin, the controls and Sallyport, each in a workerd of its own with a direct socket. */
export async function startInstallation(measured: Bundle): Promise<Installation> {
  const started: Miniflare[] = [];
  const start = async (worker: WorkerOptions) => {
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
  const gate = async (of: Bundle): Promise<RunningGate> => {
    const running = await start(workerOptions(of, { name: WORKER, vars, secrets: newSecrets() }));
    const database = () => running.miniflare.getD1Database("DB", WORKER);
    await migrate(await database());
    return { ...running, database, ...(await plantCaller(running.miniflare, WORKER)) };
  };
  const hasher = async () => {
    const { modules } = await bundle(fileURLToPath(new URL("./bare_hasher.mjs", import.meta.url)), null);
    return start({ ...bare(""), modules } as WorkerOptions);
  };
  const sallyport = await gate(measured);
  const people = await plantPeople(await sallyport.database(), PEOPLE);
  return {
    origin: { url: originUrl },
    outsiders,
    sallyport,
    gate,
    bareProxy: await start(bare(BARE_PROXY, toOrigin)),
    duties: await start(bare(DUTIES, toOrigin)),
    bareSigner: await start(bare(await bundled(BARE_SIGNER))),
    bareWriter: once(async () => start(withStore(bare(await bundled(BARE_WRITER))))),
    writingDuties: once(async () => start(withStore(bare(await bundled(WRITING_DUTIES))))),
    bareHasher: once(hasher),
    honoJwk: once(async () => start(bare(await bundled(HONO_JWK), toOrigin))),
    client: sallyport.client,
    apiKey: sallyport.apiKey,
    people,
    fill: (count) => plantCrowd(sallyport.miniflare, WORKER, people.ids, count),
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
