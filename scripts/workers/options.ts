import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkerOptions } from "miniflare";
import { unstable_readConfig } from "wrangler";
import { migrate as applyMigrations } from "../seed/migrate.ts";
import type { Bundle } from "./bundle.ts";

const WRANGLER = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
/** Key-encryption secrets that a deployment is given by `wrangler secret put`. */
const SECRETS = ["SIGNING_KEK", "IDENTITY_KEK", "GRANT_KEY"];

/** What this file reads of wrangler's configuration, whose published type is looser. */
interface ReadConfig {
  readonly compatibility_date?: string | undefined;
  readonly d1_databases: readonly { readonly binding: string; readonly migrations_dir?: string }[];
  readonly kv_namespaces: readonly { readonly binding: string }[];
  readonly queues: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[] | undefined;
    readonly consumers?: readonly { readonly queue: string; readonly max_batch_size?: number }[] | undefined;
  };
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
}

/** What differs between installations that run side by side. */
export interface InstallationOptions {
  readonly name: string;
  readonly vars: Readonly<Record<"ISSUER_URL" | "GATEWAY_URL" | "DEMO_ORIGIN_URL", string>>;
  /** From `newSecrets`: one set for all Workers that share objects. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The Worker that has the Durable Objects, where that is another one. */
  readonly objectsIn?: string;
  /** Of its socket; any free one where absent. */
  readonly port?: number;
}

/** Random secrets for one installation. */
export function newSecrets(): Readonly<Record<string, string>> {
  return Object.fromEntries(SECRETS.map((name) => [name, `k1:${randomBytes(32).toString("base64url")}`]));
}

/**
 * The one-Worker installation of `wrangler.toml` as Miniflare takes it, with a direct socket on loopback: whatever is bound
 * there is bound here. Data is shared by all Workers of one Miniflare.
 */
export function workerOptions({ modules }: Bundle, options: InstallationOptions): WorkerOptions {
  const config: ReadConfig = unstable_readConfig({ config: WRANGLER });
  const { name, vars, secrets, objectsIn, port = 0 } = options;
  const scriptName = objectsIn === undefined ? {} : { scriptName: objectsIn };
  return {
    name,
    modules: modules as Extract<WorkerOptions, { modules: unknown[] }>["modules"],
    compatibilityDate: config.compatibility_date ?? "",
    bindings: { ...vars, ...secrets },
    d1Databases: Object.fromEntries(config.d1_databases.map(({ binding }) => [binding, binding])),
    kvNamespaces: Object.fromEntries(config.kv_namespaces.map(({ binding }) => [binding, binding])),
    queueProducers: Object.fromEntries((config.queues.producers ?? []).map(({ binding, queue }) => [binding, queue])),
    // A queue has one consumer: the Worker that has the objects.
    queueConsumers: objectsIn === undefined ? consumersOf(config) : {},
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name: binding, class_name: className }) => [
        binding,
        { className, useSQLite: true, ...scriptName },
      ]),
    ),
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
  } as WorkerOptions;
}

function consumersOf({ queues }: ReadConfig) {
  return Object.fromEntries(
    (queues.consumers ?? []).map(({ queue, max_batch_size: maxBatchSize = 10 }) => [
      queue,
      { maxBatchSize, maxBatchTimeout: 0.1 },
    ]),
  );
}

/** Applies every migration that `wrangler.toml` names. */
export async function migrate(db: Parameters<typeof applyMigrations>[0]): Promise<void> {
  const config: ReadConfig = unstable_readConfig({ config: WRANGLER });
  const [database] = config.d1_databases;
  await applyMigrations(db, join(dirname(WRANGLER), database?.migrations_dir ?? ""));
}
