import { err, ok, type Result } from "../kernel/result.ts";

/**
 * Addresses and ranges of them (RFC 4632, RFC 4291 §2.3). Owns one reading of each text, and refuses what has several: octal-looking
 * octets, zones, ranges with bits beyond their prefix. An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is that IPv4 address,
 * and no IPv6 range holds it, `::/0` neither.
 */
export interface Address {
  readonly family: 4 | 6;
  /** 16 bits each: two, or eight. */
  readonly groups: readonly number[];
}

export interface AddressRange extends Address {
  /** How many leading bits an address must share. */
  readonly bits: number;
}

/** Why a text is no range. Whoever asked is told in a sentence, so that these stand in no list of codes. */
const MALFORMED = "address_malformed";
const BEYOND_PREFIX = "address_beyond_prefix";
export type AddressRangeFault = typeof MALFORMED | typeof BEYOND_PREFIX;

const GROUP_BITS = 16;
const MAPPED_BITS = 96;
/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128` is the longest. */
const MAX_LENGTH = 49;

/** `text` as an address, or null. */
export function parseAddress(text: string): Address | null {
  if (text.length > MAX_LENGTH) return null;
  if (!text.includes(":")) {
    const groups = ipv4Groups(text);
    return groups === null ? null : { family: 4, groups };
  }
  const groups = ipv6Groups(text);
  if (groups === null) return null;
  return isMapped(groups) ? { family: 4, groups: groups.slice(6) } : { family: 6, groups };
}

/** `text` as a range: an address, alone or with the length of its prefix. */
export function parseAddressRange(text: string): Result<AddressRange, AddressRangeFault> {
  const [address = "", length, ...rest] = text.split("/");
  const parsed = parseAddress(address);
  if (parsed === null || rest.length > 0) return err(MALFORMED);
  const { family, groups } = parsed;
  const all = groups.length * GROUP_BITS;
  if (length === undefined) return ok({ ...parsed, bits: all });
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length)) return err(MALFORMED);
  const written = Number(length);
  const bits = family === 4 && address.includes(":") ? written - MAPPED_BITS : written;
  if (bits < 0 || bits > all) return err(MALFORMED);
  const beyond = groups.some((group, at) => (group & ~maskOf(bits, at) & 0xffff) !== 0);
  return beyond ? err(BEYOND_PREFIX) : ok({ family, groups, bits });
}

/** Whether `address` lies in `range`. */
export function isWithin(address: Address, range: AddressRange): boolean {
  if (address.family !== range.family) return false;
  return address.groups.every((group, at) => (group & maskOf(range.bits, at)) === range.groups[at]);
}

/** The bits of the group at `at` that belong to a prefix of `bits`. */
function maskOf(bits: number, at: number): number {
  const own = Math.max(0, Math.min(GROUP_BITS, bits - at * GROUP_BITS));
  return (0xffff << (GROUP_BITS - own)) & 0xffff;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

function ipv4Groups(text: string): number[] | null {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet))) return null;
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  return Math.max(a, b, c, d) > 255 ? null : [a * 256 + b, c * 256 + d];
}

/** `::` stands for at least one group of zeros, and stands once. */
function ipv6Groups(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [left, right] = [sideGroups(halves[0] ?? "", halves.length === 1), sideGroups(halves[1] ?? "", true)];
  if (left === null || right === null) return null;
  if (halves.length === 1) return left.length === 8 ? left : null;
  const zeros = 8 - left.length - right.length;
  return zeros < 1 ? null : [...left, ...Array<number>(zeros).fill(0), ...right];
}

/** The groups of one side of `::`. Only the end of an address may be spelled as IPv4 (RFC 4291 §2.2). */
function sideGroups(side: string, isEnd: boolean): number[] | null {
  if (side === "") return [];
  const parts = side.split(":");
  const last = parts.at(-1) ?? "";
  const tail = isEnd && last.includes(".") ? ipv4Groups(last) : [];
  const heads = tail === null || tail.length === 0 ? parts : parts.slice(0, -1);
  if (tail === null || !heads.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return null;
  return [...heads.map((part) => Number.parseInt(part, 16)), ...tail];
}
