import type { CaptchaSite, RouteCaptcha } from "../access/route_captcha.ts";
import { UnspentProofs } from "../access/unspent_proofs.ts";
import { Turnstile } from "../adapters/turnstile.ts";
import { DeploymentFault, type Environment, sharedSecret } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { isChallenged } from "../config/faults/captcha.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { outboundReach } from "../config/faults/trusted_issuer.ts";
import type { ListConfig } from "../config/schema.ts";
import { routeCaptcha as captchaSettings } from "../config/schemas/captcha.ts";
import { completed } from "../kernel/completed.ts";
import type { Kept } from "../kernel/kept.ts";
import type { AccessList, ListedRanges, ListTerms } from "../policy/access_list.ts";
import { parseAddressRange } from "../policy/address_range.ts";
import { prefixTable } from "../policy/prefix_table.ts";
import { clearanceKey } from "../protocol/captcha_clearance.ts";

/*
 * The wiring of what stands against abuse: from the configuration's names to plain data.
 */

/** The lists of networks by name, each compiled once for all that use it. */
export type AccessLists = ReadonlyMap<string, AccessList>;

/** All lists of the configuration. */
export function accessLists({ lists }: Pick<CompiledConfig, "lists">): AccessLists {
  return new Map(Object.entries(lists).map(([name, list]) => [name, accessList(name, list)]));
}

/** Those called `names`; null for none. Throws `DeploymentFault` for a name that a compiled configuration cannot hold. */
export function routeLists(names: readonly string[], lists: AccessLists): readonly AccessList[] | null {
  if (names.length === 0) return null;
  return names.map((name) => {
    const list = lists.get(name);
    if (list === undefined) throw new DeploymentFault(`there is no list ${name}`);
    return list;
  });
}

/** What those who are challenged on a route without words of its own are asked. */
const WHEN_CHALLENGED = { when: "challenged", rememberSeconds: 600 } as const;

/** The service that tells people from programs; null where none is configured. Throws `DeploymentFault` where its secret is missing. */
export function captchaSite(
  env: Environment,
  { captcha, gateway }: Pick<CompiledConfig, "captcha" | "gateway">,
  kept: Kept,
): CaptchaSite | null {
  if (captcha === undefined) return null;
  const { siteKey, secretBinding, hostnames, verifyUrl, deadlineMs, sendAddress } = captcha;
  const secret = sharedSecret(env, secretBinding, 1);
  const reach = outboundReach(gateway);
  return {
    service: kept.keep(
      "captcha",
      [captcha, reach.loopback, gateway.outboundOrigins],
      () => new Turnstile({ secret, verifyUrl, deadlineMs, sendAddress, reach }),
    ),
    siteKey,
    hostnames: new Set(hostnames),
    clearanceKey: completed(() => clearanceKey(secret)),
    unspent: kept.keep("captcha_unspent", [siteKey, secretBinding, hostnames], () => new UnspentProofs()),
  };
}

/** What `route` asks of people; null where nothing ever does. */
export function routeCaptcha(
  route: CompiledRoute,
  config: Pick<CompiledConfig, "lists" | "gateway" | "signals">,
  site: CaptchaSite | null,
): RouteCaptcha | null {
  const own = route.captcha === undefined ? config.gateway.captcha : route.captcha;
  const asks = own?.when === "always" || isChallenged(config, route);
  if (site === null || !asks) return null;
  const { when, action, rememberSeconds, onUnavailable } = own ?? captchaSettings.parse(WHEN_CHALLENGED);
  return { always: when === "always", action, rememberMs: rememberSeconds * 1000, onUnavailable, site };
}

function accessList(name: string, list: ListConfig): AccessList {
  const terms = { reason: list.reason, endsAtMs: endOf(list.expires) };
  const own = ({ reason, expires }: { reason?: string | undefined; expires?: string | undefined }): ListTerms => ({
    reason: reason ?? terms.reason,
    endsAtMs: expires === undefined ? terms.endsAtMs : endOf(expires),
  });
  const asns = list.asns.map((entry) =>
    typeof entry === "number" ? ([entry, terms] as const) : ([entry.asn, own(entry)] as const),
  );
  return {
    name,
    action: list.action,
    terms,
    ranges: list.ranges.length === 0 ? null : listedRanges(list.ranges, own),
    asns: asns.length === 0 ? null : new Map(asns),
    beats: new Set(list.beats),
    matchesUnknown: list.whenUnknown === "match",
  };
}

function listedRanges(
  written: ListConfig["ranges"],
  own: (entry: Exclude<ListConfig["ranges"][number], string>) => ListTerms,
): ListedRanges {
  const texts = written.map((entry) => (typeof entry === "string" ? entry : entry.range));
  const ranges = texts.map((text) => {
    const range = parseAddressRange(text);
    if (!range.ok) throw new DeploymentFault(`${text} is no range`);
    return range.value;
  });
  const special = written.flatMap((entry, index) => (typeof entry === "string" ? [] : [[index, own(entry)] as const]));
  return { table: prefixTable(ranges), texts, own: new Map(special) };
}

function endOf(expires: string): number | null {
  return expires === "never" ? null : Date.parse(expires);
}
