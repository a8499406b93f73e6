import { lenientName } from "./lenient_name.ts";
import { clientSubject, type Principal, principalSubject } from "./principal.ts";

/** What a limit counts by. */
export type KeyPart =
  | { readonly kind: "principal" | "client" | "api_key" | "address" | "route" | "operation" }
  /** The path's parameter called `name`, which is the segment at `index`. */
  | { readonly kind: "parameter"; readonly name: string; readonly index: number };

/** What of a call a limit may count by. */
export interface LimitedCall {
  readonly method: string;
  readonly segments: readonly string[];
  /** The caller's address as limits count it. */
  readonly address: string;
}

/**
 * Whose counter a call hits: one text for each combination of `parts`. Who has no client or no key counts as the
 * principal it is, and who is anonymous as an address, so that nobody goes uncounted for the credential that it chose.
 */
export function limitSubject(
  parts: readonly KeyPart[],
  routeId: string,
  principal: Principal,
  call: LimitedCall,
): string {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return partSubject(only, routeId, principal, call);
  return JSON.stringify(parts.map((part) => partSubject(part, routeId, principal, call)));
}

function partSubject(part: KeyPart, routeId: string, principal: Principal, call: LimitedCall): string {
  switch (part.kind) {
    case "principal":
    // A key's principal is the key.
    case "api_key":
      return principalSubject(principal, call.address);
    case "client":
      return clientSubject(principal, call.address);
    case "address":
      return `address:${call.address}`;
    case "route":
      return `route:${routeId}`;
    case "operation":
      // GET's route answers HEAD as well: as another operation it would double the quota.
      return `operation:${call.method === "HEAD" ? "GET" : call.method} ${routeId}`;
    case "parameter":
      // Many servers ignore case: other spellings of one id must not be other counters.
      return `param:${part.name}=${lenientName(call.segments[part.index] ?? "")}`;
  }
}
