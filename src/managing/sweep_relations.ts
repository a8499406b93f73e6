import type { OutboxCourier } from "../ports/outbox.ts";
import type { RelationLeavers, RelationStore } from "../ports/relations.ts";

/** What taking out the tuples of those who were deleted rests on. */
export interface LeaverSweeping {
  readonly courier: OutboxCourier;
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
  try {
    for (const subject of await relations.leavers(SUBJECTS)) {
      const deletes = await relations.list(TUPLES, null, { subject });
      if (deletes.length > 0) {
        await courier.expect();
        await relations.change({ writes: [], deletes, preconditions: [], nowMs });
        swept(deletes.length);
      }
      if (deletes.length < TUPLES) await relations.left(subject);
    }
  } catch (error) {
    failed(error);
  }
}
