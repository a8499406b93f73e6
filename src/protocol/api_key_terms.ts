/**
 * What an API key may be bound to beside its scopes: where it is used from, how often, how much in all. Owns the plain data
 * that operators write and the gate keeps a copy of. A member that is absent binds nothing.
 */
export interface ApiKeyTerms {
  /** Address ranges (CIDR, or single addresses), one of which the caller's address must lie in. */
  readonly addresses?: readonly string[];
  /** Web origins, one of which a browser must name in `Origin`. */
  readonly origins?: readonly string[];
  /** Limits that are counted for this key alone, beside those of the route. */
  readonly limits?: readonly KeyLimit[];
  readonly credits?: KeyCredits;
}

interface KeyLimitBase {
  /** Unique among the key's limits. */
  readonly name: string;
  /** Whether each call asks the shared counters, or an isolate takes a twentieth of the limit ahead. */
  readonly precision: "exact" | "leased";
}

/** A limit that a key carries; numbers as in the configuration's limits. */
export type KeyLimit = KeyLimitBase &
  (
    | { readonly algorithm: "fixed"; readonly limit: number; readonly windowSeconds: number }
    | {
        readonly algorithm: "bucket";
        readonly burst: number;
        readonly refill: number;
        readonly intervalSeconds: number;
      }
  );

/** What an operator decides of a key's credits: calls in all, and what comes back of them and when. */
export interface CreditTerms {
  /** What the key begins with, and the most it can have. */
  readonly amount: number;
  /** Null where credits never come back. */
  readonly refill: { readonly amount: number; readonly intervalSeconds: number } | null;
}

/** Credits as the key has them. */
export interface KeyCredits extends CreditTerms {
  /** Grows each time an operator sets the credits: a higher one begins with the whole amount. */
  readonly series: number;
  /** When this series began, in Unix milliseconds: refills come at whole intervals after it. */
  readonly startedAtMs: number;
}

/** What operators decide of a key's terms. */
export interface TermedKey {
  /** Null for anywhere. */
  readonly allowedAddresses: readonly string[] | null;
  /** Null for any; only publishable keys have them. */
  readonly allowedOrigins: readonly string[] | null;
  readonly limits: readonly KeyLimit[];
  /** Null for no end. */
  readonly credits: KeyCredits | null;
}

/**
 * The terms of `key` as its copies hold them; undefined where it has none. Absent members, and not empty ones, so that the copy of a
 * key without terms is the same that earlier releases wrote, and read.
 */
export function termsOf({ allowedAddresses, allowedOrigins, limits, credits }: TermedKey): ApiKeyTerms | undefined {
  const terms: ApiKeyTerms = {
    ...(allowedAddresses === null ? {} : { addresses: allowedAddresses }),
    ...(allowedOrigins === null ? {} : { origins: allowedOrigins }),
    ...(limits.length === 0 ? {} : { limits }),
    ...(credits === null ? {} : { credits }),
  };
  return Object.keys(terms).length === 0 ? undefined : terms;
}
