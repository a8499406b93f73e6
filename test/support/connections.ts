import { toBase64url } from "../../src/kernel/bytes.ts";

/** What the platform tells of a connection in `request.cf`. */
type Json = Readonly<Record<string, unknown>>;

/** The SHA-256 of a certificate, as the edge spells it. */
export const CERTIFICATE = "af363dc85bc942a892d3cee9796190fdb36d89cd588a4f1cb17c74a943439714";
export const OTHER_CERTIFICATE = "0b363dc85bc942a892d3cee9796190fdb36d89cd588a4f1cb17c74a943439714";

/** What the edge says where no certificate was shown. */
const NO_CERTIFICATE: Json = {
  certPresented: "0",
  certVerified: "NONE",
  certRevoked: "0",
  certFingerprintSHA1: "",
  certFingerprintSHA256: "",
  certSubjectDN: "",
  certIssuerDN: "",
  certRFC9440: "",
};

/** A connection by TLS 1.3 without a certificate: `cf` of a request. */
export const PLAIN_TLS: Json = {
  tlsVersion: "TLSv1.3",
  tlsCipher: "AEAD-AES128-GCM-SHA256",
  tlsClientAuth: NO_CERTIFICATE,
};

/** A connection on which the edge verified the certificate `sha256`, but for `changes`. */
export function withCertificate(sha256: string = CERTIFICATE, changes: Json = {}): Json {
  const tlsClientAuth = {
    ...NO_CERTIFICATE,
    certPresented: "1",
    certVerified: "SUCCESS",
    certFingerprintSHA256: sha256,
    certSubjectDN: "CN=partner",
    ...changes,
  };
  return { ...PLAIN_TLS, tlsClientAuth };
}

/** The claim that binds a token to the certificate `sha256` (RFC 8705 §3.1). */
export function boundTo(sha256: string = CERTIFICATE): { readonly cnf: Json } {
  const bytes = Uint8Array.from(sha256.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return { cnf: { "x5t#S256": toBase64url(bytes) } };
}
