import { err, ok, type Result } from "../kernel/result.ts";
import type { RotationReport } from "../ports/key_ring.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import { type Changed, invalidFields, type Management, type ManagingFault } from "./management.ts";

/**
 * Rotates the ring's keys of `algorithms`, or all. The ring keeps its own outbox, in the transaction of its own state, and
 * an alarm that goes on telling the feed, so `commitChange` has nothing to add here. In an `emergency` every key that has
 * signed is withdrawn, and with it every token it signed: that of the operator who asks, too.
 */
export async function rotateSigningKeys(
  algorithms: readonly SignatureAlgorithm[],
  emergency: boolean,
  { ring, revocations }: Pick<Management, "ring" | "revocations">,
): Promise<Result<Changed<readonly RotationReport[]>, ManagingFault>> {
  const held = new Set((await ring.describe()).map(({ alg }) => alg));
  const faults = algorithms.flatMap((alg, at) =>
    held.has(alg) ? [] : [{ field: `algorithms.${at}`, reason: "is not signed with here" }],
  );
  if (faults.length > 0) return err(invalidFields(faults));
  const { rotations, announced } = await ring.rotate(algorithms, emergency);
  revocations.expire();
  return ok({ value: rotations, progress: announced ? "announced" : "pending" });
}
