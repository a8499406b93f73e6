import { leaseLifeMs } from "../limits/lease.ts";
import type { LimitPolicy } from "../limits/limit.ts";
import { twentieth } from "../limits/quota.ts";
import { type AddressRangeFault, parseAddressRange } from "../policy/address_range.ts";
import { isWebOrigin } from "../policy/web_origin.ts";
import type { ApiKey } from "../ports/api_keys.ts";
import type { CreditRecords } from "../ports/key_credits.ts";
import type { UserDirectory } from "../ports/users.ts";
import type { CreditTerms, KeyCredits, KeyLimit } from "../protocol/api_key_terms.ts";
import { parseClientId, parseUserId } from "../protocol/ids.ts";
import type { FieldFault, Management } from "./management.ts";
import type { Patch } from "./patch.ts";

/** What managing keys is built from: a key may be a user's, and have credits. */
export interface KeyManagement extends Management {
  readonly people: { readonly users: Pick<UserDirectory, "find"> };
  readonly credits: Pick<CreditRecords, "forget">;
}

/** The terms that an operator gave, in a draft or a patch. */
export type GivenTerms = Patch<Pick<ApiKey, "owner" | "allowedAddresses" | "allowedOrigins" | "limits">> & {
  readonly credits?: CreditTerms | null | undefined;
};

const RANGE_FAULTS: Readonly<Record<AddressRangeFault, string>> = {
  address_malformed: "is neither an IP address nor a range in CIDR notation",
  address_beyond_prefix: "has bits beyond its prefix: write the range's first address",
};

/** Units that are held for less than a call to the shared counters may take are lost as often as not. */
const SHORTEST_LEASE_MS = 250;

/** What cannot be bound to a key of `kind`. */
export function termFaults(given: GivenTerms, kind: ApiKey["kind"]): readonly FieldFault[] {
  const addresses = (given.allowedAddresses ?? []).flatMap((text, at) => {
    const range = parseAddressRange(text);
    return range.ok ? [] : [{ field: `allowed_addresses.${at}`, reason: RANGE_FAULTS[range.error] }];
  });
  const origins = given.allowedOrigins ?? null;
  const kindFaults =
    origins !== null && kind === "secret"
      ? [{ field: "allowed_origins", reason: "is for publishable keys: a secret key has no business in a browser" }]
      : [];
  const originFaults = (origins ?? []).flatMap((text, at) =>
    isWebOrigin(text)
      ? []
      : [{ field: `allowed_origins.${at}`, reason: "is not scheme://host[:port] as browsers write it" }],
  );
  return [...addresses, ...kindFaults, ...originFaults, ...(given.limits ?? []).flatMap(limitFaults)];
}

function limitFaults(limit: KeyLimit, at: number, all: readonly KeyLimit[]): FieldFault[] {
  const faults: FieldFault[] = [];
  if (all.findIndex(({ name }) => name === limit.name) < at)
    faults.push({ field: `limits.${at}.name`, reason: "is repeated" });
  if (limit.precision === "exact") return faults;
  const policy: LimitPolicy = limit;
  const field = `limits.${at}.precision`;
  if (twentieth(policy) === 0) {
    faults.push({ field, reason: "a lease is a twentieth of the limit: there is none below 20" });
  } else if (leaseLifeMs(policy) < SHORTEST_LEASE_MS) {
    faults.push({ field, reason: "a twentieth of the burst refills too soon to be held: raise the burst" });
  }
  return faults;
}

/**
 * What is wrong with `owner`. What looks like the id of a user or a client has to be one that exists: a leaked key's owner is
 * written to, and a slip of the pen would send that nowhere. Any other name is the operators' own.
 */
export async function ownerFaults(
  owner: string | null | undefined,
  { clients, people }: Pick<KeyManagement, "clients" | "people">,
): Promise<readonly FieldFault[]> {
  const [prefix] = /^(?:usr|cli)_/.exec(owner ?? "") ?? [];
  if (owner === null || owner === undefined || prefix === undefined) return [];
  const [user, client] = [parseUserId(owner), parseClientId(owner)];
  const found = user !== null ? await people.users.find(user) : client !== null ? await clients.find(client) : null;
  return found === null
    ? [{ field: "owner", reason: `looks like an id and names no ${prefix === "usr_" ? "user" : "client"}` }]
    : [];
}

/** Credits as a key gets them: whoever sets them begins a new series, with the whole amount. */
export function newSeries(terms: CreditTerms | null, epoch: number, nowMs: number): KeyCredits | null {
  return terms === null ? null : { ...terms, series: epoch, startedAtMs: nowMs };
}
