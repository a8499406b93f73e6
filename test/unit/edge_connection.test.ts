import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EdgeConnection, readClientCertificate } from "../../src/authorizer/edge_connection.ts";
import { canonicalRequest } from "../../src/policy/canonical_request.ts";
import { isTlsAtLeast, type TlsVersion } from "../../src/policy/connection.ts";
import { CERTIFICATE, PLAIN_TLS, withCertificate } from "../support/connections.ts";

function connection(url: string, cf?: Readonly<Record<string, unknown>>) {
  const canonical = canonicalRequest("GET", new URL(url));
  if (!canonical.ok) throw new Error(canonical.error);
  return new EdgeConnection(new Request(url, cf && { cf }), canonical.value);
}

describe("what the edge tells of a connection", () => {
  it.each([
    ["https://api.test/", true, false],
    ["http://api.test/", false, false],
    ["http://localhost:8787/", false, true],
    ["http://127.0.0.1/", false, true],
    ["http://[::1]:8787/", false, true],
    ["http://localhost.evil.test/", false, false],
    ["http://127.0.0.1.evil.test/", false, false],
    ["http://localhost@evil.test/", false, false],
  ])("%s", (url, isTls, isLoopback) => {
    expect(connection(url)).toMatchObject({ isTls });
    expect(connection(url).isLoopback()).toBe(isLoopback);
  });

  it.each<[unknown, TlsVersion | null]>([
    ["TLSv1.3", "1.3"],
    ["TLSv1.2", "1.2"],
    ["TLSv1.1", "older"],
    ["TLSv1", "older"],
    ["SSLv3", "older"],
    ["", null],
    ["none", null],
    ["tlsv1.3", null],
    ["TLSv1.4", null],
    ["TLSv1.30", null],
    [undefined, null],
    [1.3, null],
  ])("TLS by the name of %j is %j", (tlsVersion, version) => {
    expect(connection("https://api.test/", { tlsVersion }).tlsVersion()).toBe(version);
  });

  it("without `cf` nothing is known", () => {
    const unknown = connection("https://api.test/");
    expect(unknown.tlsVersion()).toBeNull();
    expect(unknown.clientCertificate()).toEqual({ kind: "client_certificate_absent" });
  });

  it("versions have an order", () => {
    const rows = (["older", "1.2", "1.3"] as const).map((least) =>
      (["older", "1.2", "1.3"] as const).map((version) => isTlsAtLeast(version, least)),
    );
    expect(rows).toEqual([
      [true, true, true],
      [false, true, true],
      [false, false, true],
    ]);
  });
});

describe("the certificate of the caller", () => {
  const read = (changes = {}) =>
    connection("https://api.test/", withCertificate(CERTIFICATE, changes)).clientCertificate();

  it("counts when it was shown, verified and not revoked", () => {
    expect(read()).toEqual({ kind: "verified", sha256: CERTIFICATE });
    expect(read({ certFingerprintSHA256: CERTIFICATE.toUpperCase() })).toEqual(read());
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["not shown", { certPresented: "0" }, "client_certificate_absent"],
    ["a truth that is no text", { certPresented: true }, "client_certificate_absent"],
    ["self-signed", { certVerified: "FAILED:self signed certificate" }, "client_certificate_unverified"],
    ["expired", { certVerified: "FAILED:certificate has expired" }, "client_certificate_unverified"],
    ["none verified", { certVerified: "NONE" }, "client_certificate_unverified"],
    ["nearly verified", { certVerified: "SUCCESS " }, "client_certificate_unverified"],
    ["verified by a truth that is no text", { certVerified: true }, "client_certificate_unverified"],
    ["revoked, though verified", { certRevoked: "1" }, "client_certificate_revoked"],
    ["perhaps revoked", { certRevoked: undefined }, "client_certificate_revoked"],
    ["without a fingerprint", { certFingerprintSHA256: "" }, "client_certificate_unreadable"],
    ["with SHA-1 in its place", { certFingerprintSHA256: "ab".repeat(20) }, "client_certificate_unreadable"],
    ["with colons", { certFingerprintSHA256: "ab:".repeat(32) }, "client_certificate_unreadable"],
  ])("%s: it does not", (_, changes, kind) => {
    expect(read(changes)).toEqual({ kind });
  });

  it("anything else in its place is no certificate, and no fault of ours", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readClientCertificate(value).kind).not.toBe("verified");
      }),
    );
    expect(readClientCertificate(PLAIN_TLS.tlsClientAuth)).toEqual({ kind: "client_certificate_absent" });
  });
});
