import type { LimitPolicy } from "../limits/limit.ts";
import { type AddressRange, isWithin, parseAddress, parseAddressRange } from "../policy/address_range.ts";
import type { ApiKeyTerms, KeyCredits, KeyLimit } from "../protocol/api_key_terms.ts";
import type { ApiKeyId } from "../protocol/ids.ts";

/** Where a key may be used from, read once for each copy of its record. */
export interface KeyPlaces {
  /** Null for anywhere. */
  readonly addresses: readonly AddressRange[] | null;
  /** Null for any. */
  readonly origins: ReadonlySet<string> | null;
}

/** How much a key may be used. */
export interface KeyQuota {
  readonly key: ApiKeyId;
  readonly limits: readonly OwnLimit[];
  readonly credits: KeyCredits | null;
}

/** A limit that counts for one key alone. */
export interface OwnLimit {
  readonly policy: LimitPolicy;
  readonly leased: boolean;
}

/** What of a call its place is known by. */
export interface PlacedCall {
  /** The caller's address as the platform tells it. */
  readonly exactAddress: string;
  readonly header: (name: string) => string | null;
}

/** Where a key with `terms` may be used from; null for anywhere. A range that cannot be read holds no address. */
export function keyPlaces({ addresses, origins }: ApiKeyTerms): KeyPlaces | null {
  if (addresses === undefined && origins === undefined) return null;
  const ranges = addresses?.flatMap((text) => {
    const range = parseAddressRange(text);
    return range.ok ? [range.value] : [];
  });
  return { addresses: ranges ?? null, origins: origins === undefined ? null : new Set(origins) };
}

/** How much the key called `key` with `terms` may be used; undefined where nothing of that is said. */
export function keyQuota(key: ApiKeyId, { limits, credits }: ApiKeyTerms): KeyQuota | undefined {
  if (limits === undefined && credits === undefined) return undefined;
  return { key, limits: (limits ?? []).map(ownLimit), credits: credits ?? null };
}

/** The name of a key's limit has a character that no limit of the configuration has: neither counts for the other. */
function ownLimit({ name, precision, ...numbers }: KeyLimit): OwnLimit {
  return { policy: { ...numbers, name: `key:${name}` }, leased: precision === "leased" };
}

/**
 * Why a key is not taken from where `call` comes from; null where it is. The address is the platform's word alone. The origin is the
 * word of a browser, which tells the truth about the page; anybody else can write there what they like.
 */
export function placeFault(
  { addresses, origins }: KeyPlaces,
  call: PlacedCall,
): "api_key_address_not_allowed" | "api_key_origin_not_allowed" | null {
  if (addresses !== null) {
    const address = parseAddress(call.exactAddress);
    const isAllowed = address !== null && addresses.some((range) => isWithin(address, range));
    if (!isAllowed) return "api_key_address_not_allowed";
  }
  return origins === null || origins.has(call.header("origin") ?? "") ? null : "api_key_origin_not_allowed";
}
