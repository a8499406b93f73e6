import type { CertificateDigest, CertificateFault, Connection } from "../policy/connection.ts";
import type { PinNotices } from "../ports/pin_notices.ts";
import type { AccessTokenClaims } from "../protocol/access_token.ts";
import type { ApiKeyRecord } from "../protocol/api_key.ts";

/**
 * Pins: which certificates somebody may come with, and when. Owns the choice of the set and the verdict on a certificate. It
 * refuses to know where certificates come from; that one is verified, and by which CA, is the edge's word.
 */
export interface GatePins {
  /** By the client's issuer, and then by its id there. */
  readonly clients: ReadonlyMap<string, ReadonlyMap<string, PinSet>>;
  /** By the owner of API keys. */
  readonly keyOwners: ReadonlyMap<string, PinSet>;
}

export interface PinSet {
  readonly name: string;
  readonly pins: ReadonlyMap<CertificateDigest, Pin>;
  /** How long before its end the use of a pin is told to operators. */
  readonly warnMs: number;
  readonly notices: PinNotices;
}

export interface Pin {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isBackup: boolean;
}

export type PinFault = CertificateFault | "client_certificate_not_pinned" | "pin_not_yet_valid" | "pin_expired";

/** The set that a key is held to; `unknown` where the copy of its record does not say whose it is, and somebody is held. */
export function pinsOfKey({ keyOwners }: GatePins, { owner }: ApiKeyRecord): PinSet | "unknown" | null {
  if (keyOwners.size === 0 || owner === null) return null;
  return owner === undefined ? "unknown" : (keyOwners.get(owner) ?? null);
}

/** The set that the client is held to that a token was issued to, whoever calls through it; null for none. */
export function pinsOfClient({ clients }: GatePins, { iss, clientId }: AccessTokenClaims): PinSet | null {
  return clients.get(iss)?.get(clientId) ?? null;
}

/** Holds the certificate on `connection` against `set`: null where one of its pins names it and is good at `nowMs`. */
export function pinFault(set: PinSet, connection: Connection, nowMs: number): PinFault | null {
  const certificate = connection.clientCertificate();
  if (certificate.kind !== "verified") return certificate.kind;
  const pin = set.pins.get(certificate.sha256);
  if (pin === undefined) return "client_certificate_not_pinned";
  if (nowMs < pin.fromMs) return "pin_not_yet_valid";
  if (nowMs >= pin.untilMs) return "pin_expired";
  const isEnding = pin.untilMs - nowMs <= set.warnMs;
  if (isEnding || pin.isBackup) {
    const { untilMs, isBackup } = pin;
    set.notices.used({ set: set.name, sha256: certificate.sha256, untilMs, isBackup, isEnding }, nowMs);
  }
  return null;
}
