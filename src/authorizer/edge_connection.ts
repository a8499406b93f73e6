import { isJsonObject } from "../kernel/strict_json.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import {
  type ClientCertificate,
  type Connection,
  isLoopbackAuthority,
  parseCertificateDigest,
  type TlsVersion,
} from "../policy/connection.ts";

const VERSIONS: ReadonlyMap<unknown, TlsVersion> = new Map<unknown, TlsVersion>([
  ["TLSv1.3", "1.3"],
  ["TLSv1.2", "1.2"],
  ["TLSv1.1", "older"],
  ["TLSv1", "older"],
  ["SSLv3", "older"],
]);

/**
 * The connection as Cloudflare tells it in `request.cf`, which no caller can write. Another runtime has no such member, or
 * less of it: then nothing is known, and who demands to know refuses.
 */
export class EdgeConnection implements Connection {
  readonly #request: { readonly cf?: unknown };
  readonly #canonical: CanonicalRequest;

  constructor(request: { readonly cf?: unknown }, canonical: CanonicalRequest) {
    this.#request = request;
    this.#canonical = canonical;
  }

  get isTls(): boolean {
    return this.#canonical.scheme === "https:";
  }

  isLoopback(): boolean {
    return isLoopbackAuthority(this.#canonical.host);
  }

  webOrigin(): string {
    return `${this.#canonical.scheme}//${this.#canonical.host}`;
  }

  tlsVersion(): TlsVersion | null {
    return VERSIONS.get(this.#told("tlsVersion")) ?? null;
  }

  clientCertificate(): ClientCertificate {
    return readClientCertificate(this.#told("tlsClientAuth"));
  }

  #told(member: string): unknown {
    const { cf } = this.#request;
    return isJsonObject(cf) ? cf[member] : undefined;
  }
}

/**
 * Reads `tlsClientAuth`. A certificate counts when it was shown, verified against the CA of the host and not revoked: one
 * that was revoked is still `SUCCESS` by `certVerified`. All its members are texts.
 */
export function readClientCertificate(tlsClientAuth: unknown): ClientCertificate {
  if (!isJsonObject(tlsClientAuth)) return { kind: "client_certificate_absent" };
  const { certPresented, certVerified, certRevoked, certFingerprintSHA256 } = tlsClientAuth;
  if (certPresented !== "1") return { kind: "client_certificate_absent" };
  if (certVerified !== "SUCCESS") return { kind: "client_certificate_unverified" };
  if (certRevoked !== "0") return { kind: "client_certificate_revoked" };
  const sha256 = parseCertificateDigest(certFingerprintSHA256);
  return sha256 === null ? { kind: "client_certificate_unreadable" } : { kind: "verified", sha256 };
}
