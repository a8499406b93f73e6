import type { Environment } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { hostsOf } from "../config/hosts.ts";
import { logFault } from "../http/log.ts";
import { AddressPace } from "../issuing/address_pace.ts";
import type { HumanCheck } from "../issuing/human_check.ts";
import type { Kept } from "../kernel/kept.ts";
import { captchaSite } from "./abuse.ts";

/** Proofs that one address may have judged in a minute and isolate. */
const PROOFS_PER_MINUTE = 30;

/*
 * The wiring of what the issuer asks of people before it looks at what they enter.
 */

/** Null where it asks nothing. Throws `DeploymentFault` where the secret of the service is missing. */
export function composeHumanCheck(
  env: Environment,
  config: Pick<CompiledConfig, "captcha" | "gateway" | "issuer">,
  kept: Kept,
): HumanCheck | null {
  const { captcha, issuer } = config;
  const site = issuer.captcha === undefined ? null : captchaSite(env, config, kept);
  if (site === null || captcha === undefined || issuer.captcha === undefined) return null;
  const { login, register, forgot, onUnavailable } = issuer.captcha;
  const own = hostsOf(issuer).map((host) => new URL(`https://${host}`).hostname);
  const pace = kept.keep("human_pace", null, () => new AddressPace(PROOFS_PER_MINUTE));
  return {
    service: site.service,
    siteKey: site.siteKey,
    scriptUrl: captcha.scriptUrl,
    hostnames: new Set([...own, ...site.hostnames]),
    asks: { login: typeof login === "string" ? login : login.afterFailures, register, forgot },
    onUnavailable,
    pace: (address, nowMs) => pace.take(address, nowMs),
    letThrough: (use) => logFault("captcha_skipped", { use, dependency: "captcha" }),
  };
}
