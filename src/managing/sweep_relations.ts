import type { RelationLeavers, RelationStore } from "../ports/relations.ts";
import { commitChange } from "./commit_change.ts";
import type { Management } from "./management.ts";

/** What taking out the tuples of those who were deleted rests on. */
export interface LeaverSweeping extends Pick<Management, "courier"> {
  readonly relations: RelationStore & RelationLeavers;
  /** Hears how many tuples went, where any did. */
  readonly swept: (tuples: number) => void;
  readonly failed: (error: unknown) => void;
}

const SUBJECTS = 20;
const TUPLES = 100;

/**
 * One round of taking out tuples that name somebody who was deleted. They grant nothing, since the id never comes back and whoever had it can
 * prove nothing any more; they are in the way of those who read lists. What is left is for the next round. Never throws.
 */
export async function sweepLeavers(
  { relations, courier, swept, failed }: LeaverSweeping,
  nowMs: number,
): Promise<void> {
  const nobody = { expire: () => undefined };
  try {
    for (const subject of await relations.leavers(SUBJECTS)) {
      const deletes = await relations.list(TUPLES, null, { subject });
      if (deletes.length > 0) {
        const change = { writes: [], deletes, preconditions: [], nowMs };
        await commitChange({ courier, revocations: nobody }, async () => {
          await relations.change(change);
          return "deleted";
        });
        swept(deletes.length);
      }
      if (deletes.length < TUPLES) await relations.left(subject);
    }
  } catch (error) {
    failed(error);
  }
}
