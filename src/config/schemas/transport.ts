import * as z from "zod/mini";

/* How calls have to come: by TLS, by which version at least, and with which certificate of the caller. */

/** What is answered that does not come by https: nothing, or what sends no credential. */
const inTheClear = z.enum(["nothing", "without_credential"]);
/** `platform`: whatever the edge itself lets in, unseen by the gate. */
const minTlsVersion = z.enum(["1.2", "1.3", "platform"]);
/**
 * `required`: one that the edge verified. `bound`: that, and access tokens that are bound to it (RFC 8705 §3). A token that is bound is
 * never taken without its certificate, whatever stands here.
 */
const clientCertificate = z.enum(["none", "required", "bound"]);

/** What holds for every route that says nothing else. */
export const gatewayTransport = z.strictObject({
  inTheClear: z._default(inTheClear, "nothing"),
  minTlsVersion: z._default(minTlsVersion, "1.2"),
  clientCertificate: z._default(clientCertificate, "none"),
});

/** What a route has otherwise. */
export const routeTransport = z.strictObject({
  inTheClear: z.optional(inTheClear),
  minTlsVersion: z.optional(minTlsVersion),
  clientCertificate: z.optional(clientCertificate),
  /** The set of `gateway.pins` that the caller's certificate must be in. */
  pins: z.optional(z.string()),
});
