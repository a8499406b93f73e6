import { join } from "node:path";
import type { ServerCommand } from "./processes.ts";
import { DEFAULT_ORIGIN_PORT, DEFAULT_WORKER_PORT, type DevSettings } from "./settings.ts";

// wrangler stays on this machine: no look-up for Request.cf, no metrics, and its registry and logs inside the clone.
// It records no requests (their URLs may hold a token), and shows the database to nobody on the Worker's own port.
const WRANGLER_ENV = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_REGISTRY_PATH: ".wrangler/registry",
  WRANGLER_LOG_PATH: ".wrangler/logs",
  X_LOCAL_OBSERVABILITY: "false",
  X_LOCAL_EXPLORER: "false",
} as const;

/** Migrations and seed: ends by itself. */
export function seedCommand({ root }: DevSettings, onOutput: (chunk: string) => void): ServerCommand {
  const env = { ...WRANGLER_ENV, WRANGLER_LOG: "error" };
  return { name: "The seed", script: join(root, "scripts", "seed.ts"), args: [], cwd: root, env, onOutput };
}

/** The demo origin, on the port that the settings name. */
export function originCommand({ root }: DevSettings, onOutput: (chunk: string) => void): ServerCommand {
  const script = join(root, "scripts", "origin.ts");
  return { name: "The demo origin", script, args: [], cwd: root, env: {}, onOutput };
}

function movedVars(settings: DevSettings): readonly string[] {
  const vars: string[] = [];
  if (settings.workerPort !== DEFAULT_WORKER_PORT) {
    vars.push(`ISSUER_URL:${settings.publicUrl}`, `GATEWAY_URL:${settings.publicUrl}`);
  }
  if (settings.originPort !== DEFAULT_ORIGIN_PORT) vars.push(`DEMO_ORIGIN_URL:${settings.originUrl}`);
  return vars.flatMap((one) => ["--var", one]);
}

/** `wrangler dev` on loopback alone, without keyboard shortcuts. Its script is the CLI itself, not the npx wrapper. */
export function workerCommand(settings: DevSettings, onOutput: (chunk: string) => void): ServerCommand {
  const { root, workerPort, inspectorPort } = settings;
  const args = [
    "dev",
    ...["--config", "wrangler.toml"],
    ...["--ip", "127.0.0.1", "--port", String(workerPort)],
    ...["--inspector-ip", "127.0.0.1", "--inspector-port", String(inspectorPort)],
    "--show-interactive-dev-session=false",
    ...movedVars(settings),
  ];
  const script = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  return { name: "wrangler dev", script, args, cwd: root, env: WRANGLER_ENV, onOutput };
}
