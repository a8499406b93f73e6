import { orOutage } from "../../kernel/outage.ts";
import type { UnlistedCallRecords } from "../../ports/unlisted_calls.ts";

const DEADLINE_MS = 5_000;

/** Calls that no route lists behind `stub`, where the issuer is another Worker. Each call makes its own stub. */
export function remoteUnlistedCalls(stub: () => UnlistedCallRecords): UnlistedCallRecords {
  return { note: (calls) => orOutage("unlisted_calls", DEADLINE_MS, async () => await stub().note(calls)) };
}
