import type { Brand } from "../kernel/brand.ts";
import { isLoopbackHost } from "../kernel/loopback.ts";

/**
 * What the edge itself knows of the connection that a request came on. None of it is read from headers, which callers
 * write. Each is asked for where a route wants to know: to look costs time.
 */
export interface Connection {
  /** Whether the caller spoke TLS, by the runtime's own URL of the request. */
  readonly isTls: boolean;
  /** Whether the caller named this machine itself as the host. */
  isLoopback(): boolean;
  /** The web origin of a page that stands where the call goes to (RFC 6454 §4). */
  webOrigin(): string;
  /** Null where the edge does not say, or says something that nobody here knows. */
  tlsVersion(): TlsVersion | null;
  clientCertificate(): ClientCertificate;
}

/** Everything before 1.2 is alike to us (RFC 8996). */
export type TlsVersion = "older" | "1.2" | "1.3";

/** What came of the certificate that the caller may have shown (RFC 8446 §4.4.2). */
export type ClientCertificate =
  | { readonly kind: "verified"; readonly sha256: CertificateDigest }
  | { readonly kind: CertificateFault };

/** Why a connection has no certificate that counts: a stable word for logs, never for the caller. */
export type CertificateFault =
  | "client_certificate_absent"
  | "client_certificate_unverified"
  | "client_certificate_revoked"
  | "client_certificate_unreadable";

/** SHA-256 over a certificate's DER: 64 hexadecimal digits, lower case. */
export type CertificateDigest = Brand<string, "CertificateDigest">;

/** `text` as a digest, or null where it is none. Hexadecimal has two cases; there is one spelling here. */
export function parseCertificateDigest(text: unknown): CertificateDigest | null {
  if (typeof text !== "string" || !/^[0-9A-Fa-f]{64}$/.test(text)) return null;
  return text.toLowerCase() as CertificateDigest;
}

const RANK: Readonly<Record<TlsVersion, number>> = { older: 0, "1.2": 1, "1.3": 2 };

/** Whether `host`, with or without a port, is this machine itself. */
export function isLoopbackAuthority(host: string): boolean {
  return isLoopbackHost(host.replace(/:\d+$/, ""));
}

/** Whether `version` is at least `least`. */
export function isTlsAtLeast(version: TlsVersion, least: TlsVersion): boolean {
  return RANK[version] >= RANK[least];
}
