import type { AuditTrail } from "../ports/audit.ts";
import { type AuditActor, isSampled } from "../protocol/audit_event.ts";
import type { CredentialEntry } from "./credential_entry.ts";

/** What a route asks to have recorded of its decisions: the shares of calls, 0 to 1. */
export interface RouteAudit {
  readonly allowed: number;
  readonly denied: number;
  /** No call goes on, and none is answered, before its decision is safe. */
  readonly insists: boolean;
}

/** How decisions are recorded. */
export interface DecisionAudit {
  readonly trail: AuditTrail;
  /** The share of API keys' uses that is recorded on routes which record no decision of that call. */
  readonly keyUses: number;
  readonly address: "exact" | "unit" | "none";
  readonly configHash: string | null;
}

/** As what a call is recorded; null for not at all. One call is one event: a decision that is recorded tells of its key, too. */
export function recordedAs(
  outcome: "allowed" | "denied",
  route: RouteAudit | null,
  holder: CredentialEntry | null,
  keyUses: number,
  requestId: string,
): "decision" | "key_use" | null {
  if (route !== null && isSampled(requestId, route[outcome])) return "decision";
  return holder?.principal.kind === "api_key" && isSampled(requestId, keyUses) ? "key_use" : null;
}

/** Who called, as far as that was proven. */
export function callerOf(
  holder: CredentialEntry | null,
  call: { readonly address: string; readonly exactAddress: string },
  { address }: Pick<DecisionAudit, "address">,
): AuditActor {
  const place = address === "none" ? null : address === "exact" ? call.exactAddress : call.address;
  if (holder === null) {
    return { kind: "anonymous", id: null, issuer: null, clientId: null, credentialId: null, address: place };
  }
  const { principal, credentialId } = holder;
  return {
    kind: principal.kind,
    id: principal.id,
    issuer: principal.kind === "api_key" ? null : principal.issuer,
    clientId: principal.kind === "user" ? principal.clientId : principal.kind === "client" ? principal.id : null,
    credentialId,
    address: place,
  };
}
