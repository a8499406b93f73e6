import { type AccessList, judgeLists, type ListHit } from "../policy/access_list.ts";
import { parseAddress } from "../policy/address_range.ts";
import type { Call } from "./gate.ts";
import type { Refusal } from "./refusal.ts";

/** What was found against abuse on a call's way: for the log alone. */
export interface AbuseTrace {
  readonly lists: readonly ListHit[];
}

/** Holds `call` against the lists of its route, which are looked up before anything is proven: who is barred costs nothing more. */
export function listRefusal(
  lists: readonly AccessList[],
  call: Call,
  trace: { abuse: AbuseTrace | null },
): Refusal | null {
  const asn = lists.some((list) => list.asns !== null) ? call.edge().asn : null;
  const verdict = judgeLists(lists, { address: parseAddress(call.exactAddress), asn }, call.nowMs);
  trace.abuse = { lists: verdict.hits };
  return verdict.effect === "deny" ? { kind: "barred", reason: "listed" } : null;
}
