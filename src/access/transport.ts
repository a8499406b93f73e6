import { isTlsAtLeast, type TlsVersion } from "../policy/connection.ts";
import type { Call, CertificateDemand, GateRoute } from "./gate.ts";
import { offersCredential } from "./handshake.ts";
import { pinFault } from "./pins.ts";
import type { Refusal } from "./refusal.ts";

/**
 * Refuses a call that came in the clear, by too old a TLS, or without the certificate that its route demands. Nobody is sent
 * elsewhere: a redirect would make a client that leaks its credential work, and leak again (RFC 6750 §5.3).
 */
export function transportRefusal({ transport }: GateRoute, call: Call): Refusal | null {
  const { connection } = call;
  if (connection.isTls) {
    const refusal = transport.leastTls === null ? null : versionRefusal(transport.leastTls, call);
    if (refusal !== null) return refusal;
  } else if (!(transport.loopbackInTheClear && connection.isLoopback())) {
    const isExposed =
      call.header("authorization") !== null || call.header("x-api-key") !== null || offersCredential(call);
    if (isExposed) return { kind: "https_required", reason: "credential_in_the_clear" };
    if (transport.inTheClear === "nothing") return { kind: "https_required", reason: "in_the_clear" };
  }
  return transport.certificate === null ? null : certificateRefusal(transport.certificate, call);
}

function versionRefusal(least: TlsVersion, { connection }: Call): Refusal | null {
  const version = connection.tlsVersion();
  if (version === null) return { kind: "tls_version_too_low", reason: "tls_version_unknown" };
  return isTlsAtLeast(version, least) ? null : { kind: "tls_version_too_low", reason: "tls_version_too_low" };
}

/** Which certificate would have done is not said. */
function certificateRefusal({ pins }: CertificateDemand, { connection, nowMs }: Call): Refusal | null {
  const certificate = connection.clientCertificate();
  if (certificate.kind !== "verified") return { kind: "client_certificate_required", reason: certificate.kind };
  const fault = pins === null ? null : pinFault(pins, connection, nowMs);
  return fault === null ? null : { kind: "client_certificate_required", reason: fault };
}
