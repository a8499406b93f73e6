import { KeyUses } from "./access/key_uses.ts";
import { d1KeyUses, remoteKeyUses } from "./adapters/d1_key_uses.ts";
import { DurableObjectCredits } from "./adapters/durable_object_credits.ts";
import { type Bindings, type Environment, need, readBindings } from "./bindings.ts";
import { logFault } from "./http/log.ts";
import type { KeyUseRecords } from "./ports/key_uses.ts";

/*
 * The wiring of what API keys have beside their records.
 */

/** The credits of keys. */
export function composeCredits(bindings: Bindings): DurableObjectCredits {
  return new DurableObjectCredits((key) => need(bindings, "CREDITS").getByName(key));
}

/** Where the last use of keys is kept, at the issuer. */
export function composeKeyUseRecords(env: Environment): KeyUseRecords {
  return d1KeyUses(need(readBindings(env), "DB"));
}

/** What a gate remembers of when it took which key: told to this Worker's own D1, or to the issuer's Worker. */
export function composeKeyUses(bindings: Bindings): KeyUses {
  const records =
    bindings.KEY_USES === null ? d1KeyUses(need(bindings, "DB")) : remoteKeyUses(() => need(bindings, "KEY_USES"));
  return new KeyUses(records, (keys, error) => logFault("key_uses_lost", { keys, error: String(error) }));
}
