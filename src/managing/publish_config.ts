import { err, ok, type Result } from "../kernel/result.ts";
import type { ConfigVersion } from "../ports/config_versions.ts";
import { BUNDLED, NEVER_PUBLISHED, pointerEntry } from "../protocol/edge_feed.ts";
import { announce, commitValue } from "./commit_change.ts";
import type { ConfigManagement } from "./config_management.ts";
import { type Changed, invalidFields, type ManagingFault, NOT_FOUND } from "./management.ts";
import { writeCopy } from "./write_copy.ts";
import { judgeWritten } from "./written_config.ts";

/** What every change of the configuration says of itself. */
export interface ConfigAct {
  /** The client whose act it is. */
  readonly actor: string;
  readonly note: string;
  /** The version that the operator has seen; null where a repetition is harmless without. */
  readonly parent: number | null;
}

type Outcome = Promise<Result<Changed<ConfigVersion>, ManagingFault>>;

/**
 * Publishes `written`, a configuration as an author writes it: judged whole, stored under its hash, and pointed at. Nothing is
 * changed by what is at work already, so that a repeated publish is harmless; of two operators who have seen the same version one
 * is told `conflict`. Throws `Outage`.
 */
export async function publishConfig(
  written: unknown,
  act: ConfigAct,
  configs: ConfigManagement,
  nowMs: number,
): Outcome {
  const judged = await judgeWritten(written, configs, nowMs);
  return judged.ok ? point({ ...judged.value, restores: null }, act, configs, nowMs) : judged;
}

/** What to go back to: a hash that ran before, what was deployed, or (null) what ran before the current version. */
export type RollbackTarget = string | null;

/**
 * Goes back to what ran before, as a version of its own. Without a target the version to leave has to be named: a repeated "one step
 * back" would go two. A snapshot that this release does not take any more is refused. Throws `Outage`.
 */
export async function rollBackConfig(
  target: RollbackTarget,
  act: ConfigAct,
  configs: ConfigManagement,
  nowMs: number,
): Outcome {
  if (target === null && act.parent === null) {
    return err(invalidFields([{ field: "parent", reason: "is required where `to` is absent" }]));
  }
  const aim = target === null ? await stepBack(configs) : await versionOf(target, configs);
  if (aim === null) return err(NOT_FOUND);
  if (aim.hash === BUNDLED) return point({ hash: BUNDLED, text: null, restores: aim.version }, act, configs, nowMs);
  const text = await configs.versions.snapshot(aim.hash);
  if (text === null) return err(NOT_FOUND);
  const faults = configs.judge(JSON.parse(text), null);
  if (faults.length > 0) return err({ code: "config_invalid", faults });
  return point({ hash: aim.hash, text, restores: aim.version }, act, configs, nowMs);
}

type Aim = Pick<ConfigVersion, "version" | "hash">;

function versionOf(target: string, { versions }: ConfigManagement): Promise<Aim | null> {
  return target === BUNDLED ? Promise.resolve(NEVER_PUBLISHED) : versions.findByHash(target);
}

/** What ran before the current version; of one that went back already, what ran before the version that it went back to. */
async function stepBack({ versions }: ConfigManagement): Promise<Aim | null> {
  const current = await versions.current();
  if (current === null) return null;
  const from = current.restores === null ? current : await found(current.restores);
  return from === null || from.version === 0 ? null : found(from.parent);

  function found(version: number): Promise<(Aim & Pick<ConfigVersion, "parent">) | null> {
    return version === 0 ? Promise.resolve({ ...NEVER_PUBLISHED, parent: 0 }) : versions.find(version);
  }
}

interface Next {
  readonly hash: string;
  readonly text: string | null;
  readonly restores: number | null;
}

async function point(next: Next, act: ConfigAct, configs: ConfigManagement, nowMs: number): Outcome {
  const current = await configs.versions.current();
  const toldVersion = configs.told().version;
  if (current === null && next.hash === BUNDLED) return err(NOT_FOUND);
  if (current !== null && current.hash === next.hash && current.version >= toldVersion) {
    // Perhaps somebody repeats what was cut off half way.
    const progress = (await announce(configs)) === "pending" ? "pending" : "unchanged";
    return ok({ value: current, progress });
  }
  const parent = current?.version ?? 0;
  if (act.parent !== null && act.parent !== parent) return err({ code: "conflict" });
  const version: ConfigVersion = {
    version: Math.max(parent, toldVersion) + 1,
    hash: next.hash,
    parent,
    restores: next.restores,
    bundle: (await configs.bundled()).hash,
    actor: act.actor,
    note: act.note,
    createdAtMs: nowMs,
  };
  if (next.text !== null) await writeCopy(configs, next.hash, next.text);
  const entries = [pointerEntry(version)];
  return commitValue(configs, version, () => configs.versions.add(version, next.text, entries));
}
