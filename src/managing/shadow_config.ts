import { err, ok, type Result } from "../kernel/result.ts";
import type { ShadowVersion, ShadowVersions } from "../ports/shadow.ts";
import { NEVER_IN_SHADOW, NOTHING_IN_SHADOW, type ShadowPointer, shadowEntry } from "../protocol/edge_feed.ts";
import { announce, commitValue } from "./commit_change.ts";
import type { ConfigManagement } from "./config_management.ts";
import type { Changed, ManagingFault } from "./management.ts";
import type { ConfigAct } from "./publish_config.ts";
import { writeCopy } from "./write_copy.ts";
import { judgeWritten } from "./written_config.ts";

/** What trying a configuration rests on. */
export interface ShadowManagement {
  readonly configs: Pick<ConfigManagement, "courier" | "revocations" | "copies" | "copyLost" | "judge" | "maxBytes">;
  readonly shadow: {
    readonly versions: ShadowVersions;
    /** What the feed has told here: its version is never used again. */
    readonly told: () => ShadowPointer;
  };
}

type Outcome = Promise<Result<Changed<ShadowVersion>, ManagingFault>>;

/**
 * Puts `written` in shadow: gates decide by it beside what runs, and tell where the two differ; it decides nothing. Judged as a publish is, so that it
 * could be made live as it is. It takes the place of whatever was in shadow. Throws `Outage`.
 */
export async function putInShadow(
  written: unknown,
  act: ConfigAct,
  management: ShadowManagement,
  nowMs: number,
): Outcome {
  const judged = await judgeWritten(written, management.configs, nowMs);
  return judged.ok ? point(judged.value, act, management, nowMs) : judged;
}

/** Takes what is in shadow out of it. What was counted stays. Throws `Outage`. */
export function endShadow(act: ConfigAct, management: ShadowManagement, nowMs: number): Outcome {
  return point({ hash: NOTHING_IN_SHADOW, text: null }, act, management, nowMs);
}

async function point(
  { hash, text }: { readonly hash: string; readonly text: string | null },
  { actor, note, parent: seen }: ConfigAct,
  { configs, shadow: { versions, told: toldHere } }: ShadowManagement,
  nowMs: number,
): Outcome {
  const current = await versions.current();
  const told = toldHere();
  const before = current ?? { ...NEVER_IN_SHADOW, parent: 0, actor, note, createdAtMs: nowMs };
  if (before.hash === hash && before.version >= told.version) {
    // Perhaps somebody repeats what was cut off half way.
    const progress = current !== null && (await announce(configs)) === "pending" ? "pending" : "unchanged";
    return ok({ value: before, progress });
  }
  if (seen !== null && seen !== before.version) return err({ code: "conflict" });
  const version: ShadowVersion = {
    version: Math.max(before.version, told.version) + 1,
    hash,
    parent: before.version,
    actor,
    note,
    createdAtMs: nowMs,
  };
  if (text !== null) await writeCopy(configs, hash, text);
  return commitValue(configs, version, () => versions.add(version, text, [shadowEntry(version)]));
}
