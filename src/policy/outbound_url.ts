import { isLoopbackHost } from "../kernel/loopback.ts";

/**
 * Which addresses of others this server calls. Owns the rule against being sent to places that only it can reach: its own
 * machine, a private network, a cloud's metadata service (OWASP API7). Refuses to look names up: a public one that resolves to
 * such a place is left to the network that the Worker runs in.
 */
export type OutboundUrlFault =
  | "url_malformed"
  | "url_scheme_not_allowed"
  | "url_with_credentials"
  | "url_with_fragment"
  | "url_host_not_public";

/** Names that no public resolver answers for (RFC 6761, RFC 6762, RFC 8375, and what networks use at home). */
const PRIVATE_NAME =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa|test|invalid|onion)$/;

/** Networks of IPv4 that are not the internet (IANA's special-purpose registry), as [network, bits]. */
const SPECIAL_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Within 2000::/3, which alone is the internet: what leads back to IPv4 or is for documents (Teredo, ORCHID, 6to4). */
const SPECIAL_IPV6 = /^(?:2001:(?:[0-9a-f]{0,2}|1[0-9a-f]{2}):|2001:db8:|2002:|3fff:[0-9a-f]{0,3}:)/;

/** Where calls may go beside the internet. */
export interface OutboundReach {
  /** This machine: for an installation that is itself on it. */
  readonly loopback: boolean;
  /** Origins (scheme, host and port) that the operator named, whatever they are. */
  readonly origins?: ReadonlySet<string>;
}

/**
 * Why `text` is not called, or null where it may be. `https` alone; with `loopback` also http and https to loopback, and to
 * no other place more. Addresses are judged as the URL parser spells them, as `fetch` does: decimal, octal and hexadecimal
 * forms are gone by then.
 */
export function outboundUrlFault(text: string, { loopback, origins }: OutboundReach): OutboundUrlFault | null {
  if (!URL.canParse(text)) return "url_malformed";
  const { protocol, hostname, username, password, hash, origin } = new URL(text);
  if (username !== "" || password !== "") return "url_with_credentials";
  if (hash !== "" || text.includes("#")) return "url_with_fragment";
  if ((protocol === "https:" || protocol === "http:") && origins?.has(origin)) return null;
  const isHome = loopback && isLoopbackHost(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isHome)) return "url_scheme_not_allowed";
  return isHome || isPublicHost(hostname) ? null : "url_host_not_public";
}

function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPublicIpv6(hostname.slice(1, -1));
  const ipv4 = ipv4Number(hostname);
  if (ipv4 !== null) return !SPECIAL_IPV4.some(([network, bits]) => isWithin(ipv4, network, bits));
  const name = hostname.replace(/\.$/, "");
  return name.includes(".") && !PRIVATE_NAME.test(name);
}

function isWithin(address: number, network: string, bits: number): boolean {
  const size = 2 ** (32 - bits);
  return Math.floor(address / size) === Math.floor((ipv4Number(network) ?? 0) / size);
}

function ipv4Number(host: string): number | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host)) return null;
  return host.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

/** Global unicast is 2000::/3 (RFC 4291 §2.4); loopback, mapped, translated and local addresses all lie outside of it. */
function isPublicIpv6(address: string): boolean {
  return /^[23][0-9a-f]{3}:/.test(address) && !SPECIAL_IPV6.test(address);
}
