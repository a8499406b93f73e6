import type { Attributes } from "./decision_facts.ts";

/** Roles that count in one tenant alone, by its name. */
export type TenantRoles = ReadonlyMap<string, readonly string[]>;

/** What every principal may have beside its names; absent where it has none. */
interface Described {
  readonly tenantRoles?: TenantRoles | undefined;
  /** By the names that the configuration declares. */
  readonly attributes?: Attributes | undefined;
}

/**
 * Who is calling, as proven by exactly one credential. A versioned union, because it travels: rules read it, the origin is told
 * it, logs keep its id. `v` grows when a member changes meaning.
 */
export type Principal =
  | (Described & {
      readonly v: 1;
      readonly kind: "user";
      readonly id: string;
      readonly issuer: string;
      readonly clientId: string;
      readonly scopes: readonly string[];
      readonly roles: readonly string[];
    })
  | (Described & {
      readonly v: 1;
      readonly kind: "client";
      readonly id: string;
      readonly issuer: string;
      readonly scopes: readonly string[];
      readonly roles: readonly string[];
    })
  | (Described & {
      readonly v: 1;
      readonly kind: "api_key";
      readonly id: string;
      readonly publishable: boolean;
      readonly scopes: readonly string[];
      readonly roles: readonly string[];
    })
  | { readonly v: 1; readonly kind: "anonymous" };

export const ANONYMOUS: Principal = { v: 1, kind: "anonymous" };

/**
 * One name per principal, for counters: no two principals share it, whatever issuers choose as subjects. Callers without
 * a principal are told apart by `address`.
 */
export function principalSubject(principal: Principal, address: string): string {
  switch (principal.kind) {
    case "user":
    case "client":
      return `${principal.kind}:${JSON.stringify([principal.issuer, principal.id])}`;
    case "api_key":
      return `api_key:${principal.id}`;
    case "anonymous":
      return `address:${address}`;
  }
}

/** The same for OAuth clients: who calls through a client counts as that client. A key is its own client. */
export function clientSubject(principal: Principal, address: string): string {
  return principal.kind === "user"
    ? `client:${JSON.stringify([principal.issuer, principal.clientId])}`
    : principalSubject(principal, address);
}
