import { equalDigests } from "../kernel/bytes.ts";
import type { CertificateFault, Connection } from "../policy/connection.ts";
import type { Confirmation } from "../protocol/confirmation.ts";

export type BindingFault = CertificateFault | "token_certificate_wrong";

/**
 * What is wrong with presenting a token that is bound by `confirmation` on `connection` (RFC 8705 §3); null where the caller proved
 * on this very connection that it holds the certificate. For each use of a token: another caller may come with the same string.
 */
export function bindingFault({ sha256 }: Confirmation, connection: Connection): BindingFault | null {
  const certificate = connection.clientCertificate();
  if (certificate.kind !== "verified") return certificate.kind;
  return equalDigests(certificate.sha256, sha256) ? null : "token_certificate_wrong";
}
