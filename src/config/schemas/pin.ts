import * as z from "zod/mini";
import { parseKeyOwner } from "../../protocol/api_key.ts";
import { instant, issuerName } from "../terms.ts";

/** One certificate of somebody, and when it is taken. */
const pin = z.strictObject({
  /** SHA-256 over the certificate's DER, as `openssl x509 -fingerprint -sha256` prints it: colons and capitals do no harm. */
  sha256: z
    .string()
    .check(z.regex(/^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/, "is no SHA-256 in hexadecimal")),
  from: instant,
  until: instant,
  /** Kept elsewhere than the one in use, for the day when that is lost. Taken like any other. */
  backup: z._default(z.boolean(), false),
});

const client = z.union([
  /** A client of this installation's own issuer. */
  z.string().check(z.minLength(1), z.maxLength(512)),
  z.strictObject({ issuer: issuerName, id: z.string().check(z.minLength(1), z.maxLength(512)) }),
]);

const keyOwner = z.string().check(
  z.refine((text) => parseKeyOwner(text) !== null, {
    error: "is no id of a user (`usr_`) or client (`cli_`): gates know no other owners",
  }),
);

/** The certificates that some callers, or all callers of some routes, may come with. */
export const pinSet = z.strictObject({
  /** Clients whose tokens are taken with one of these certificates alone, on every route. */
  clients: z._default(z.array(client).check(z.maxLength(256)), []),
  /** Owners of API keys, whose keys are: the ids of users and clients. */
  keyOwners: z._default(z.array(keyOwner).check(z.maxLength(256)), []),
  /** How long before its end the use of a pin is logged. */
  warnDays: z._default(z.int().check(z.minimum(1), z.maximum(365)), 30),
  pins: z.array(pin).check(z.minLength(1), z.maxLength(32)),
});
