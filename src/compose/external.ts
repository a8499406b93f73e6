import type { ExternalSay } from "../access/external_say.ts";
import { ExternalPdp } from "../adapters/external_pdp.ts";
import { logBreaker } from "../authorizer/breaker_log.ts";
import { type Environment, sharedSecret } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { outboundReach } from "../config/faults/trusted_issuer.ts";
import type { ExternalConfig } from "../config/schemas/external.ts";
import { logFault } from "../http/log.ts";
import type { Kept } from "../kernel/kept.ts";
import { Outage } from "../kernel/outage.ts";
import type { OutboundReach } from "../policy/outbound_url.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { onwardTokens } from "./origins.ts";

/*
 * The wiring of decision points of others, which have a say in single actions.
 */

/** Who has a say beside our policy, by the action's id; empty where nobody has. What was answered is kept while the settings stay. */
export function composeExternalSays(
  env: Environment,
  { policy, gateway, issuer }: Pick<CompiledConfig, "policy" | "gateway" | "issuer">,
  kept: Kept,
): ReadonlyMap<string, ExternalSay> {
  if (policy === undefined) return new Map();
  const reach = outboundReach(gateway);
  const says = new Map<string, ExternalSay>();
  for (const [type, { actions }] of Object.entries(policy.resources)) {
    for (const [action, { external: name }] of Object.entries(actions)) {
      const settings = name === undefined ? undefined : policy.external[name];
      if (name === undefined || settings === undefined) continue;
      const from = [name, settings, gateway.url, reach.loopback, [...(reach.origins ?? [])]];
      const pdp = kept.keep("external_pdp", from, () => externalPdp(env, name, settings, gateway.url, reach));
      says.set(`${type}:${action}`, { pdp, tells: new Set(settings.tells), ownIssuer: issuer.url });
    }
  }
  return says;
}

function externalPdp(
  env: Environment,
  name: string,
  settings: ExternalConfig,
  self: string,
  reach: OutboundReach,
): ExternalPdp {
  const { url, timeoutMs, maxBytes, cacheSeconds } = settings;
  return new ExternalPdp({
    url,
    self,
    timeoutMs,
    maxBytes,
    cacheMs: cacheSeconds * 1000,
    token: tokenFor(env, name, settings, reach),
    reach,
    failed: (error) => logFault("external_decision_failed", { external: name, error }),
    phase: (phase) => logBreaker(phase, { external: name }),
  });
}

function tokenFor(
  env: Environment,
  name: string,
  { tokenBinding, onward }: ExternalConfig,
  reach: OutboundReach,
): (nowMs: number, defer: Defer) => Promise<string | null> {
  if (tokenBinding !== undefined) {
    const token = sharedSecret(env, tokenBinding, 1);
    return async () => token;
  }
  if (onward === undefined) return async () => null;
  const tokens = onwardTokens(env, { external: name }, onward, reach);
  return async (nowMs, defer) => {
    const token = await tokens.token(nowMs, defer);
    if (!token.ok) throw new Outage("external_pdp", { cause: token.error });
    return token.value;
  };
}
