import { FollowedConfig } from "../adapters/followed_config.ts";
import { kvConfigCopies } from "../adapters/kv_config_copies.ts";
import { provenSnapshot } from "../adapters/proven_snapshot.ts";
import { remoteConfigReader } from "../adapters/remote/remote.ts";
import { type Bindings, DeploymentFault, type Environment, need, readBindings } from "../bindings.ts";
import { type CompiledConfig, compileConfig } from "../config/compile.ts";
import { loadFaults, MAX_SNAPSHOT_BYTES, onDeployment, publishFaults } from "../config/deployed.ts";
import type { ConfigFault } from "../config/fault.ts";
import { judgeConfig } from "../config/judge.ts";
import type { Apps, LiveApps } from "../dispatch.ts";
import { logEvent, logFault } from "../http/log.ts";
import { sha256Hex } from "../kernel/bytes.ts";
import { faultText } from "../kernel/fault_text.ts";
import { Kept } from "../kernel/kept.ts";
import type { ConfigManagement } from "../managing/config_management.ts";
import type { ConfigReader } from "../ports/config_reader.ts";
import type { ConfigCopies } from "../ports/config_versions.ts";
import type { FeedFollower } from "../ports/edge_feed.ts";
import type { OutboxCourier } from "../ports/outbox.ts";
import { BUNDLED, type ConfigPointer, NEVER_PUBLISHED } from "../protocol/edge_feed.ts";
import { composeHosts } from "./config.ts";
import { bundledText, installedConfig, issuerStores } from "./stores.ts";

/*
 * The wiring of what is published: how an isolate follows it, and how operators change it.
 */

/** More would not be read. */
const TOLD_FAULTS = 10;

/** The published configurations where the issuer is in this Worker. */
export function composeConfigReader(env: Environment): ConfigReader {
  const { configs } = issuerStores(readBindings(env));
  return {
    async configPointer() {
      const current = await configs.current();
      return current === null ? NEVER_PUBLISHED : { version: current.version, hash: current.hash };
    },
    configSnapshot: (hash) => configs.snapshot(hash),
  };
}

/** The same where the issuer is another Worker: a service binding. */
export function composeRemoteConfigReader(env: Environment): ConfigReader {
  const bindings = readBindings(env);
  return remoteConfigReader(() => need(bindings, "ISSUER"));
}

/** What a configuration is made into apps with, beside itself. */
export interface Wiring {
  readonly kept: Kept;
  /** The configuration's name. */
  readonly hash: string;
  /** What this isolate runs. */
  readonly running: () => ConfigPointer | null;
}

/** How a deployment makes its apps of a configuration. */
export type Wire = (config: CompiledConfig, wiring: Wiring) => Omit<Apps, keyof ReturnType<typeof composeHosts>>;

/**
 * The apps of this isolate, which follow what is published. The hosts that they answer on are the deployment's, and `bundled` is what was
 * deployed. Throws `DeploymentFault` for that.
 */
export function liveApps(
  env: Environment,
  feed: FeedFollower,
  reader: ConfigReader,
  wireApps: Wire,
  bundled = installedConfig(env),
): LiveApps {
  const copies = configCopies(readBindings(env));
  const hosts = composeHosts(bundled);
  const running = (): ConfigPointer | null => followed.pointer;
  const wire = (config: CompiledConfig, kept: Kept, hash: string): Apps => ({
    ...hosts,
    ...wireApps(config, { kept, hash, running }),
  });
  let rescue: Apps | null = null;
  const followed = new FollowedConfig<Apps>({
    feed,
    bundled,
    truth: reader,
    load: async (hash) =>
      runnable(await provenSnapshot(hash, copies, reader, MAX_SNAPSHOT_BYTES, copyRefused), bundled),
    wire,
    runs: ({ version, hash }) => logEvent("config_runs", { version, hash }),
    failed: (wanted, error, lastGood) =>
      logFault("config_not_loaded", {
        version: wanted?.version ?? null,
        hash: wanted?.hash ?? null,
        serves: lastGood?.version ?? null,
        error: faultText(error),
      }),
  });
  return {
    at: (nowMs, defer) => followed.at(nowMs, defer),
    rescue: () => {
      rescue ??= wire(bundled, new Kept(), BUNDLED);
      return rescue;
    },
  };
}

/** What was deployed, for a Worker that publishes: held to all that publishing is. Throws `DeploymentFault`. */
export function judgedInstallation(env: Environment): CompiledConfig {
  return installedConfig(env, judgeConfig);
}

/** What operators need to publish, and to see what runs. `running` tells of this isolate. */
export function composeConfigManagement(
  env: Environment,
  feed: FeedFollower,
  courier: OutboxCourier,
  running: () => ConfigPointer | null,
): ConfigManagement {
  const bindings = readBindings(env);
  return {
    versions: issuerStores(bindings).configs,
    copies: configCopies(bindings),
    copyLost: (hash, error) => logFault("config_copy_not_written", { hash, error: faultText(error) }),
    courier,
    revocations: feed,
    judge: (written, nowMs) => publishable(written, installedConfig(env), nowMs),
    bundled: async () => {
      const text = bundledText(env);
      return { text, hash: await sha256Hex(text) };
    },
    told: () => feed.pointer,
    running,
    maxBytes: MAX_SNAPSHOT_BYTES,
  };
}

/** Where copies of snapshots are: beside those of API keys. */
export function configCopies(bindings: Bindings): ConfigCopies {
  return kvConfigCopies(() => need(bindings, "API_KEYS"), "cfg", MAX_SNAPSHOT_BYTES);
}

function publishable(written: unknown, bundled: CompiledConfig, nowMs: number | null): readonly ConfigFault[] {
  const compiled = judgeConfig(written, nowMs);
  return compiled.ok ? publishFaults(compiled.value, bundled) : compiled.error;
}

/** The snapshot as it would run on this deployment. Throws `DeploymentFault` where it does not. */
export function runnable(text: string, bundled: CompiledConfig): CompiledConfig {
  const compiled = compileConfig(JSON.parse(text));
  const faults = compiled.ok ? loadFaults(compiled.value, bundled) : compiled.error;
  if (compiled.ok && faults.length === 0) return onDeployment(compiled.value, bundled);
  const list = faults.slice(0, TOLD_FAULTS).map(({ path, reason }) => `${path}: ${reason}`);
  throw new DeploymentFault(`what was published does not run here: ${list.join("; ")}`);
}

/** Tells of a copy of a snapshot that is not what it should be. */
export function copyRefused(hash: string, error: unknown): void {
  logFault("config_copy_refused", { hash, error: faultText(error) });
}
