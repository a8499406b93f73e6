import { parseAddressRange } from "../../policy/address_range.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, ListConfig, RouteConfig } from "../schema.ts";

/** How many faults of one list are told: a file in the wrong format has as many as lines. */
const MOST_FAULTS = 20;

const REASONS = {
  address_malformed: "is no address nor range of them",
  address_beyond_prefix: "has bits beyond its prefix",
} as const;

/** What is wrong with the lists of networks, and with where they are used. */
export function listFaults({ lists, gateway, routes }: Config): ConfigFault[] {
  const uses = [
    { names: gateway.lists, path: "gateway.lists" },
    ...routes.flatMap(({ lists: names }, index) =>
      names === undefined ? [] : [{ names, path: `routes[${index}].lists` }],
    ),
  ];
  const used = new Set(uses.flatMap(({ names }) => names));
  return [
    ...Object.entries(lists).flatMap(([name, list]) => [
      ...entryFaults(list, `lists.${name}`).slice(0, MOST_FAULTS),
      ...beatFaults(lists, name, list, `lists.${name}`),
      ...(used.has(name) ? [] : [{ path: `lists.${name}`, reason: "is used by nothing" }]),
    ]),
    ...uses.flatMap(({ names, path }) => useFaults(lists, names, path)),
    ...unheardFaults(gateway, routes),
  ];
}

function entryFaults({ ranges, asns }: ListConfig, path: string): ConfigFault[] {
  if (ranges.length === 0 && asns.length === 0) return [{ path, reason: "lists nothing" }];
  const faults: ConfigFault[] = [];
  const seen = new Set<string | number>();
  for (const [index, entry] of ranges.entries()) {
    const at = `${path}.ranges[${index}]`;
    const parsed = parseAddressRange(typeof entry === "string" ? entry : entry.range);
    if (!parsed.ok) faults.push({ path: at, reason: REASONS[parsed.error] });
    else once(seen, `${parsed.value.groups.join(".")}/${parsed.value.bits}`, at, faults);
  }
  for (const [index, entry] of asns.entries()) {
    once(seen, typeof entry === "number" ? entry : entry.asn, `${path}.asns[${index}]`, faults);
  }
  return faults;
}

function once(seen: Set<string | number>, what: string | number, path: string, faults: ConfigFault[]): void {
  if (seen.has(what)) faults.push({ path, reason: "is listed twice" });
  seen.add(what);
}

function beatFaults(lists: Config["lists"], name: string, list: ListConfig, path: string): ConfigFault[] {
  if (list.action !== "allow") {
    return list.beats.length === 0 ? [] : [{ path: `${path}.beats`, reason: "is for lists that `allow`" }];
  }
  const faults: ConfigFault[] = [];
  if (list.beats.length === 0)
    faults.push({ path: `${path}.beats`, reason: "must name the lists that this one outdoes" });
  if (list.whenUnknown === "match") {
    faults.push({ path: `${path}.whenUnknown`, reason: "would let in whoever hides where they come from" });
  }
  for (const [index, other] of list.beats.entries()) {
    const at = `${path}.beats[${index}]`;
    const beaten = Object.hasOwn(lists, other) ? lists[other] : undefined;
    if (beaten === undefined) faults.push({ path: at, reason: `\`${other}\` is not among lists` });
    else if (other === name || beaten.action === "allow") faults.push({ path: at, reason: "is a list that allows" });
  }
  return faults;
}

function useFaults(lists: Config["lists"], names: readonly string[], path: string): ConfigFault[] {
  return names.flatMap((name, index) => {
    const at = `${path}[${index}]`;
    const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
    if (list === undefined) return [{ path: at, reason: `\`${name}\` is not among lists` }];
    if (names.indexOf(name) !== index) return [{ path: at, reason: "is named twice" }];
    const isDead = list.action === "allow" && !list.beats.some((beaten) => names.includes(beaten));
    return isDead ? [{ path: at, reason: `outdoes nothing here: none of what \`${name}\` beats is used` }] : [];
  });
}

/** The gateway's lists where every route has its own. */
function unheardFaults(gateway: Config["gateway"], routes: readonly RouteConfig[]): ConfigFault[] {
  if (gateway.lists.length === 0 || routes.some((route) => route.lists === undefined)) return [];
  return [{ path: "gateway.lists", reason: "is used by no route: each has `lists` of its own" }];
}
