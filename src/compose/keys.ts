import { KeyUses } from "../access/key_uses.ts";
import { D1KeyLeaks } from "../adapters/d1/key_leaks.ts";
import { d1KeyUses } from "../adapters/d1/key_uses.ts";
import { DurableObjectCredits } from "../adapters/objects/credits.ts";
import { remoteKeyUses } from "../adapters/remote/key_uses.ts";
import { reportProof } from "../adapters/report_keys.ts";
import type { SecretScanning } from "../admin/secret_scanning_route.ts";
import { type Bindings, type Environment, need, readBindings } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { outboundReach } from "../config/faults/trusted_issuer.ts";
import { logFault } from "../http/log.ts";
import { AddressPace } from "../issuing/address_pace.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { Kept } from "../kernel/kept.ts";
import type { Revocations } from "../ports/edge_feed.ts";
import type { KeyUseRecords } from "../ports/key_uses.ts";
import { mailSender, mailWaker } from "./mail.ts";
import { issuerStores } from "./stores.ts";

/** Messages about leaked keys that one address may send in a minute and isolate. */
const REPORTS_PER_MINUTE = 120;

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

/** The same where the issuer is another Worker: a service binding. */
export function composeRemoteKeyUseRecords(env: Environment): KeyUseRecords {
  const bindings = readBindings(env);
  return remoteKeyUses(() => need(bindings, "KEY_USES"));
}

/** What a gate remembers of when it took which key, until it has told `records`. */
export function composeKeyUses(records: KeyUseRecords): KeyUses {
  return new KeyUses(records, (keys, error) => logFault("key_uses_lost", { keys, error: faultText(error) }));
}

/** The intake of leaked keys; null where it is turned off. */
export function composeScanning(
  bindings: Bindings,
  config: CompiledConfig,
  revocations: Revocations,
  kept: Kept,
): SecretScanning | null {
  const { issuer, gateway } = config;
  if (issuer.secretScanning === null) return null;
  const { keys, courier, users } = issuerStores(bindings);
  const { keysUrl } = issuer.secretScanning;
  const pace = kept.keep("report_pace", null, () => new AddressPace(REPORTS_PER_MINUTE));
  const from = [keysUrl, gateway.url, gateway.outboundOrigins];
  return {
    keys,
    courier,
    revocations,
    leaks: new D1KeyLeaks(need(bindings, "DB"), mailWaker(bindings)),
    people: { users, sender: mailSender(config) },
    proof: kept.keep("report_keys", from, () => reportProof(keysUrl, outboundReach(gateway))),
    pace: (address, nowMs) => pace.take(address, nowMs),
  };
}
