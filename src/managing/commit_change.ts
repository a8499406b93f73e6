import { orOutage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Changed, Management, ManagingFault } from "./management.ts";

/** How long a caller waits for the feed to be told, in milliseconds; then it hears "pending" and an alarm goes on. */
const DELIVERY_DEADLINE_MS = 5_000;

type Wiring = Pick<Management, "courier" | "revocations">;

/**
 * Changes state that gates hold copies of (DESIGN 4). The order is the guarantee: an alarm is set before anything changes,
 * so that a crash after `write` loses no announcement; `write` stores the change and its entries in one transaction;
 * then they are carried. `pending` means that the change is made and the alarm goes on telling. Throws `Outage` when the
 * alarm cannot be set, with nothing changed, or when the registry does not answer.
 */
export async function commitChange(
  { courier, revocations }: Wiring,
  write: () => Promise<"changed" | "deleted" | "conflict">,
): Promise<Result<"announced" | "pending", ManagingFault>> {
  await courier.expect();
  if ((await write()) === "conflict") return err({ code: "conflict" });
  return ok(await announce({ courier, revocations }));
}

/** The same, and `value` where it is what came of it. */
export async function commitValue<T>(
  wiring: Wiring,
  value: T,
  write: Parameters<typeof commitChange>[1],
): Promise<Result<Changed<T>, ManagingFault>> {
  const committed = await commitChange(wiring, write);
  return committed.ok ? ok({ value, progress: committed.value }) : committed;
}

/** Has everything told that was written, and says whether it was. */
export async function announce({ courier, revocations }: Wiring): Promise<"announced" | "pending"> {
  const delivered = await orOutage("outbox", DELIVERY_DEADLINE_MS, () => courier.deliver()).catch(() => false);
  // This isolate's own picture of the feed is now known to be old: its next request sees what was just written.
  revocations.expire();
  return delivered ? "announced" : "pending";
}
