import { type AccessList, judgeLists, type ListVerdict } from "../policy/access_list.ts";
import { parseAddress } from "../policy/address_range.ts";
import { type AbuseTrace, abuseTrace } from "./abuse_trace.ts";
import type { Call } from "./gate.ts";

/** Holds `call` against the lists of its route, before anything is proven: who is barred costs nothing more. */
export function checkLists(
  lists: readonly AccessList[],
  call: Call,
  trace: { abuse: AbuseTrace | null },
): ListVerdict["effect"] {
  const asn = lists.some((list) => list.asns !== null) ? call.edge().asn : null;
  const { hits, effect } = judgeLists(lists, { address: parseAddress(call.exactAddress), asn }, call.nowMs);
  if (hits.length > 0) abuseTrace(trace).lists = hits;
  return effect;
}
