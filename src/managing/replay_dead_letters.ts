import { ok, type Result } from "../kernel/result.ts";
import type { AuditRecords } from "../ports/audit.ts";
import type { Changed, ManagingFault } from "./management.ts";

/** What came of reading dead letters again. */
export interface Replay {
  readonly replayed: number;
  readonly left: number;
}

const AT_ONCE = 100;
const MOST_ROUNDS = 20;

/**
 * Reads the dead letters of the audit trail again, the oldest two thousand: those that this version can read become events, each once however
 * often this is asked, and in two places at the same time.
 */
export async function replayDeadLetters(
  audit: Pick<AuditRecords, "replay">,
): Promise<Result<Changed<Replay>, ManagingFault>> {
  let replayed = 0;
  let left = 0;
  let lastSeq = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const outcome = await audit.replay(AT_ONCE, lastSeq);
    replayed += outcome.replayed;
    left += outcome.read - outcome.replayed;
    if (outcome.read < AT_ONCE) break;
    lastSeq = outcome.lastSeq;
  }
  return ok({ value: { replayed, left }, progress: replayed > 0 ? "announced" : "unchanged" });
}
