import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { D1Database, KVNamespace } from "@cloudflare/workers-types";
import { getPlatformProxy, unstable_readConfig } from "wrangler";

/** D1 and KV of this clone, as `wrangler dev` will see them. */
export interface LocalState {
  readonly db: D1Database;
  readonly apiKeys: KVNamespace;
  /** Where the migrations lie, absolute. */
  readonly migrationsDir: string;
  close(): Promise<void>;
}

/** Whether `url` names this machine alone: localhost, 127.0.0.0/8 or [::1]. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return /^(?:localhost|[^.]+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** What this file reads of wrangler's configuration, whose published type is looser. */
interface ReadConfig {
  readonly name?: string | undefined;
  readonly compatibility_date?: string | undefined;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly d1_databases: readonly { readonly binding: string; readonly migrations_dir?: string }[];
  readonly kv_namespaces: readonly { readonly binding: string }[];
}

function assertLocal(vars: Readonly<Record<string, unknown>>): void {
  const issuer = String(vars.ISSUER_URL ?? "");
  if (isLoopback(issuer)) return;
  throw new Error(
    `wrangler.toml has ISSUER_URL = ${JSON.stringify(issuer)}, which is not this machine. Demo clients are never ` +
      "seeded for a public issuer: keep localhost in wrangler.toml and set the public address for the deployment.",
  );
}

/**
 * Opens the persisted state of `<root>/.wrangler/state`. It can reach nothing else: the configuration handed to
 * wrangler holds the two bindings alone, and remote bindings are off. Nothing else may run on the state meanwhile.
 */
export async function openLocalState(root: string): Promise<LocalState> {
  const config: ReadConfig = unstable_readConfig({ config: join(root, "wrangler.toml") });
  assertLocal(config.vars);
  const database = config.d1_databases.find(({ binding }) => binding === "DB");
  const namespace = config.kv_namespaces.find(({ binding }) => binding === "API_KEYS");
  if (database?.migrations_dir === undefined || namespace === undefined) {
    throw new Error("wrangler.toml lacks the D1 binding DB (with migrations_dir) or the KV binding API_KEYS.");
  }
  // Without the Durable Objects: their classes live in the Worker, which does not run now, and workerd would complain.
  const configPath = join(root, ".wrangler", "seed.json");
  mkdirSync(join(root, ".wrangler"), { recursive: true });
  const { name, compatibility_date } = config;
  const bindings = { d1_databases: [database], kv_namespaces: [namespace] };
  writeFileSync(configPath, JSON.stringify({ name, compatibility_date, ...bindings }));
  const proxy = await getPlatformProxy<{ DB: D1Database; API_KEYS: KVNamespace }>({
    configPath,
    persist: { path: join(root, ".wrangler", "state", "v3") },
    remoteBindings: false,
  });
  return {
    db: proxy.env.DB,
    apiKeys: proxy.env.API_KEYS,
    migrationsDir: join(root, database.migrations_dir),
    close: () => proxy.dispose(),
  };
}
