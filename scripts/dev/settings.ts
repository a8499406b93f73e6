import { dirname, join } from "node:path";

/** Where local development happens: ports on loopback, and files inside the clone. */
export interface DevSettings {
  /** The root of the repository, absolute. */
  readonly root: string;
  readonly workerPort: number;
  readonly originPort: number;
  readonly inspectorPort: number;
  /** Issuer and gateway as callers see them, without a slash at the end. */
  readonly publicUrl: string;
  /** The demo origin as the Worker sees it. */
  readonly originUrl: string;
}

/** The port of `SALLYPORT_PORT` when it is not set; `wrangler.toml` names the same one. */
export const DEFAULT_WORKER_PORT = 8787;
/** The port of `SALLYPORT_ORIGIN_PORT` when it is not set; `wrangler.toml` names the same one. */
export const DEFAULT_ORIGIN_PORT = 8788;
// Not 9229: that is every Node debugger's first choice.
const DEFAULT_INSPECTOR_PORT = 9787;

const ROOT = dirname(dirname(import.meta.dirname));

/** Files that hold this clone's secrets and its marks of running; all git-ignored. */
export const devFiles = {
  vars: (root: string) => join(root, ".dev.vars"),
  directory: (root: string) => join(root, ".dev"),
  credentials: (root: string) => join(root, ".dev", "credentials.json"),
  running: (root: string) => join(root, ".dev", "running.json"),
} as const;

function port(env: NodeJS.ProcessEnv, name: string, preset: number): number {
  const text = env[name];
  if (text === undefined || text === "") return preset;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new Error(`${name} is ${JSON.stringify(text)}: give a port from 1 to 65535, or unset it for ${preset}.`);
  }
  return value;
}

/** Settings from the environment's `SALLYPORT_PORT`, `SALLYPORT_ORIGIN_PORT` and `SALLYPORT_INSPECTOR_PORT`. Throws on nonsense. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): DevSettings {
  const workerPort = port(env, "SALLYPORT_PORT", DEFAULT_WORKER_PORT);
  const originPort = port(env, "SALLYPORT_ORIGIN_PORT", DEFAULT_ORIGIN_PORT);
  const inspectorPort = port(env, "SALLYPORT_INSPECTOR_PORT", DEFAULT_INSPECTOR_PORT);
  return {
    root: ROOT,
    workerPort,
    originPort,
    inspectorPort,
    publicUrl: `http://localhost:${workerPort}`,
    originUrl: `http://127.0.0.1:${originPort}`,
  };
}
