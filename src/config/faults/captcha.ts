import { isLoopbackHost } from "../../kernel/loopback.ts";
import { outboundUrlFault } from "../../policy/outbound_url.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, RouteConfig } from "../schema.ts";
import { TURNSTILE_SCRIPT } from "../schemas/captcha.ts";
import { isWatched, signalsChallenge } from "./signal.ts";
import { outboundReach } from "./trusted_issuer.ts";

/** What is wrong with the challenges for people. */
export function captchaFaults(config: Config): ConfigFault[] {
  const { captcha, gateway, routes, issuer } = config;
  const routeUses = [
    ...(gateway.captcha === undefined ? [] : ["gateway.captcha"]),
    ...routes.flatMap(({ captcha: own }, index) => (own ? [`routes[${index}].captcha`] : [])),
    ...challengers(config),
  ];
  const uses = issuer.captcha === undefined ? routeUses : [...routeUses, "issuer.captcha"];
  if (captcha === undefined) return uses.map((path) => ({ path, reason: "needs `captcha`, which is not there" }));
  const faults: ConfigFault[] = [];
  const fault = outboundUrlFault(captcha.verifyUrl, outboundReach(gateway));
  if (fault !== null) faults.push({ path: "captcha.verifyUrl", reason: `is not called: ${fault}` });
  if (uses.length === 0) faults.push({ path: "captcha", reason: "is used by nothing" });
  if (captcha.scriptUrl !== TURNSTILE_SCRIPT && !isLoopbackHost(new URL(issuer.url).hostname)) {
    faults.push({ path: "captcha.scriptUrl", reason: "may be another than Turnstile's in development alone" });
  }
  if (routeUses.length > 0 && captcha.hostnames.length === 0) {
    faults.push({ path: "captcha.hostnames", reason: "must name the sites on which challenges of routes are solved" });
  }
  if (gateway.captcha !== undefined && routes.every((route) => route.captcha !== undefined)) {
    faults.push({ path: "gateway.captcha", reason: "is used by no route: each has `captcha` of its own" });
  }
  return [...faults, ...idleFaults(config)];
}

/** Where something challenges. */
function challengers({ lists, signals }: Config): readonly string[] {
  const listed = Object.entries(lists).filter(([, { action }]) => action === "challenge");
  return [...listed.map(([name]) => `lists.${name}.action`), ...(signalsChallenge({ signals }) ? ["signals"] : [])];
}

/** Whether something on a route may ask for a proof. */
export function isChallenged(config: Pick<Config, "lists" | "gateway" | "signals">, route: RouteConfig): boolean {
  const { lists, gateway } = config;
  if (signalsChallenge(config) && isWatched(config, route)) return true;
  return (route.lists ?? gateway.lists).some((name) => lists[name]?.action === "challenge");
}

/** Routes whose own words on challenges are never heard. */
function idleFaults(config: Config): ConfigFault[] {
  return config.routes.flatMap((route, index) =>
    route.captcha?.when === "challenged" && !isChallenged(config, route)
      ? [
          {
            path: `routes[${index}].captcha.when`,
            reason: "nothing challenges here: no list and no signal with `challenge`",
          },
        ]
      : [],
  );
}
