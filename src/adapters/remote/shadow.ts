import { orOutage } from "../../kernel/outage.ts";
import type { ShadowRecords } from "../../ports/shadow.ts";

const DEADLINE_MS = 5_000;

/** The differences behind `stub`, where the issuer is another Worker. Each call makes its own stub. */
export function remoteShadow(stub: () => ShadowRecords): ShadowRecords {
  return {
    note: (runs, differences) => orOutage("shadow", DEADLINE_MS, async () => await stub().note(runs, differences)),
  };
}
