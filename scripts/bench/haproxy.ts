import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Installation, RunningWorker } from "./installation.ts";

/** One HAProxy with two fronts before the same origin. */
export interface RunningHaproxy {
  readonly verifying: RunningWorker;
  readonly plain: RunningWorker;
}

const COMMAND = "/usr/sbin/haproxy";
const PROGRAMS = fileURLToPath(new URL("../programs.mjs", import.meta.url));
const START_MS = 5_000;

/**
 * Starts HAProxy, installing it where it is not here; null where it cannot be had, which is said on the screen then. One thread, as a Worker has one.
 * It ends with this process.
 */
export async function startHaproxy(
  { origin, outsiders }: Pick<Installation, "origin" | "outsiders">,
  issuer: string,
  audience: string,
): Promise<RunningHaproxy | null> {
  spawnSync(process.execPath, [PROGRAMS, "haproxy"], { stdio: ["ignore", "inherit", "inherit"] });
  if (spawnSync(COMMAND, ["-v"], { stdio: "ignore" }).status !== 0) {
    console.log("HAProxy is not here and could not be installed: its row is left out");
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), "sallyport-haproxy-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [verifying, plain] = [await freePort(), await freePort()];
  const key = join(folder, "key.pem");
  writeFileSync(key, outsiders.publicKeyPem);
  const configuration = join(folder, "haproxy.cfg");
  writeFileSync(
    configuration,
    haproxyConfig({ verifying, plain, origin: new URL(origin.url).host, key, issuer, audience }),
  );
  const child = spawn(COMMAND, ["-db", "-f", configuration], { stdio: ["ignore", "ignore", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  await Promise.all([verifying, plain].map((port) => listening(port, child)));
  const pid = String(child.pid);
  return { verifying: { url: `http://127.0.0.1:${verifying}`, pid }, plain: { url: `http://127.0.0.1:${plain}`, pid } };
}

function haproxyConfig(
  of: Record<"verifying" | "plain", number> & Record<"origin" | "key" | "issuer" | "audience", string>,
) {
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend plain
  bind 127.0.0.1:${of.plain}
  default_backend origin
frontend verifying
  bind 127.0.0.1:${of.verifying}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny unless { var(txn.bearer),jwt_header_query('$.alg') -m str ES256 }
  http-request deny unless { var(txn.bearer),jwt_payload_query('$.iss') -m str ${of.issuer} }
  http-request deny unless { var(txn.bearer),jwt_payload_query('$.aud') -m str ${of.audience} }
  http-request set-var(txn.now) date()
  http-request set-var(txn.end) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request deny if { var(txn.end),sub(txn.now) -m int lt 0 }
  http-request deny unless { var(txn.bearer),jwt_verify("ES256","${of.key}") 1 }
  default_backend origin
backend origin
  server origin ${of.origin}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const endMs = performance.now() + START_MS;
  while (performance.now() < endMs && child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("HAProxy did not start");
}
