import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { RedisConnection } from "../../scripts/redis_connection.ts";
import { startUpstashBridge } from "../../scripts/upstash_bridge.ts";
import { freePorts } from "../e2e/free_port.ts";
import type {} from "../support/upstash_instance.ts";

const START_MS = 60_000;

/**
 * Starts a real Redis without persistence on a free loopback port, and the bridge in front of it; both end with the
 * run. Fails, never skips, where redis-server is missing: an untested limiter is worse than a red run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-redis-"));
  const [redisPort = 0] = await freePorts(1);
  const redis = spawnRedis(redisPort, directory);
  const end = () => endGroup(redis);
  process.once("exit", end);
  const cleanUp = async () => {
    end();
    process.removeListener("exit", end);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.race([ready(redisPort), failure(redis)]);
    const token = randomBytes(24).toString("base64url");
    const bridge = await startUpstashBridge({ redisPort, token });
    project.provide("upstash", { url: bridge.url, token });
    return async () => {
      await bridge.close();
      await cleanUp();
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** In its own process group, so that ending it ends all of it, and Ctrl-C reaches it through us alone. */
function spawnRedis(port: number, directory: string): ChildProcess {
  const options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory];
  return spawn("redis-server", ["--port", String(port), ...options], { detached: true, stdio: "ignore" });
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, "SIGTERM");
  } catch {
    // It ended by itself between the check and the signal.
  }
}

function failure(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.once("error", (cause) =>
      reject(new Error("redis-server cannot be started; install it (Debian: apt-get install redis-server)", { cause })),
    );
    child.once("exit", (code) => reject(new Error(`redis-server ended at its start with code ${code}`)));
  });
}

async function ready(port: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const connection = new RedisConnection(port);
    try {
      if ((await connection.send(["PING"])) === "PONG") return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      connection.close();
    }
  }
  throw new Error(`redis-server did not answer within ${START_MS / 1000} s`);
}
