import { orOutage } from "../../kernel/outage.ts";
import type { KeyUseRecords } from "../../ports/key_uses.ts";

const DEADLINE_MS = 5_000;

/** The last use of keys behind `stub`, where the issuer is another Worker. Each call makes its own stub. */
export function remoteKeyUses(stub: () => KeyUseRecords): KeyUseRecords {
  return { note: (uses) => orOutage("key_uses", DEADLINE_MS, async () => await stub().note(uses)) };
}
