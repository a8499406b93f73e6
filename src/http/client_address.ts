/**
 * The caller's address, from the platform's own header alone: it overwrites what a caller sends. Every other forwarding
 * header is the caller's word. `unknown` where the platform gives none (tests without a network).
 */
export function clientAddress(header: (name: string) => string | null): string {
  return header("cf-connecting-ip") ?? "unknown";
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
