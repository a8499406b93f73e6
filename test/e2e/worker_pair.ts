import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningCommand, startCommand } from "./command.ts";

/**
 * `wrangler dev` over the two deployments gives a port to its first Worker alone. This one stands for the two host names
 * that they have in production: a header tells which door was meant.
 */
const FRONT = `export default {
  fetch: (request, env) => (request.headers.get("x-door") === "issuer" ? env.ISSUER : env.AUTHORIZER).fetch(request),
};
`;
const FRONT_CONFIG = `name = "sallyport-front"
main = "front.worker.js"
compatibility_date = "2026-07-30"
services = [
  { binding = "ISSUER", service = "sallyport-issuer" },
  { binding = "AUTHORIZER", service = "sallyport-authorizer" },
]

[secrets]
required = []
`;

/** Where the pair is to listen. */
export interface PairPorts {
  readonly worker: number;
  readonly origin: number;
  readonly inspector: number;
}

/** A deployment, running. */
export interface WorkerPair {
  readonly process: RunningCommand;
  /** A call to one of the doors. */
  call(door: "issuer" | "gateway", path: string, init?: RequestInit): Promise<Response>;
}

function movePorts(root: string, ports: PairPorts): void {
  for (const name of ["wrangler.toml", "wrangler.issuer.toml", "wrangler.authorizer.toml"]) {
    const path = join(root, name);
    const toml = readFileSync(path, "utf8");
    const moved = toml.replaceAll("localhost:8787", `localhost:${ports.worker}`);
    writeFileSync(path, moved.replaceAll("127.0.0.1:8788", `127.0.0.1:${ports.origin}`));
  }
}

/** Starts both Workers of the tree at `root`, which has to be a copy: its `[vars]` are set to `ports`, as a deployer would. */
export async function startPair(root: string, ports: PairPorts): Promise<WorkerPair> {
  movePorts(root, ports);
  writeFileSync(join(root, "front.worker.js"), FRONT);
  writeFileSync(join(root, "wrangler.front.toml"), FRONT_CONFIG);
  return startWorkers(root, ["wrangler.front.toml", "wrangler.authorizer.toml", "wrangler.issuer.toml"], ports);
}

/** Starts the one Worker of the tree at `root`, as `startPair` does: both doors are its. */
export async function startOne(root: string, ports: PairPorts): Promise<WorkerPair> {
  movePorts(root, ports);
  return startWorkers(root, ["wrangler.toml"], ports);
}

async function startWorkers(root: string, configs: readonly string[], ports: PairPorts): Promise<WorkerPair> {
  const running = startCommand(
    process.execPath,
    [
      join(root, "node_modules", "wrangler", "bin", "wrangler.js"),
      "dev",
      ...configs.flatMap((config) => ["-c", config]),
      ...["--ip", "127.0.0.1", "--port", String(ports.worker), "--inspector-port", String(ports.inspector)],
      "--show-interactive-dev-session=false",
    ],
    root,
    {
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_REGISTRY_PATH: ".wrangler/registry",
      WRANGLER_LOG_PATH: ".wrangler/logs",
      X_LOCAL_OBSERVABILITY: "false",
      X_LOCAL_EXPLORER: "false",
    },
  );
  await running.printed("Ready on", 180_000);
  return {
    process: running,
    call: (door, path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("x-door", door);
      return fetch(`http://localhost:${ports.worker}${path}`, { ...init, headers });
    },
  };
}
