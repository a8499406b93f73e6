/**
 * The caller's address, from the platform's own header alone: it overwrites what a caller sends. Every other forwarding
 * header is the caller's word. `unknown` where the platform gives none (tests without a network).
 */
export function clientAddress(header: (name: string) => string | null): string {
  return header("cf-connecting-ip") ?? "unknown";
}

/** Where every fetch of a Worker of another zone seems to come from: the platform tells nobody the address behind it. */
const FOREIGN_WORKERS = "2a06:98c0:3600::103";
/** A zone's name: a host name, whatever else would be no unit of the platform's. */
const ZONE = /^[a-z0-9][a-z0-9.-]{0,252}$/i;

/**
 * The unit that budgets and limits count a caller by: its `addressUnit`; for Workers of other zones, which all share one address, the zone
 * that calls, as the platform names it in `CF-Worker`. That header is believed at this address alone: there the platform has set it, over
 * whatever the Worker wrote, and anywhere else it is the caller's word. Without it they share the address's budget. `address` spares whoever
 * has read the caller's address already a second look.
 */
export function callerUnit(header: (name: string) => string | null, address = clientAddress(header)): string {
  if (address !== FOREIGN_WORKERS) return addressUnit(address);
  const zone = header("cf-worker");
  return zone !== null && ZONE.test(zone) ? `worker:${zone.toLowerCase()}` : addressUnit(address);
}

/** The unit that one party controls: an IPv4 address as it is, the /64 of an IPv6 one. */
export function addressUnit(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.toLowerCase().split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
