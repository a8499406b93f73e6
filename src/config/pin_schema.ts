import * as z from "zod";
import { parseKeyOwner } from "../protocol/api_key.ts";
import { issuerName } from "./terms.ts";

/** One certificate of somebody, and when it is taken. */
const pin = z.strictObject({
  /** SHA-256 over the certificate's DER, as `openssl x509 -fingerprint -sha256` prints it: colons and capitals do no harm. */
  sha256: z
    .string()
    .regex(/^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/, "is no SHA-256 in hexadecimal"),
  from: z.iso.datetime(),
  until: z.iso.datetime(),
  /** Kept elsewhere than the one in use, for the day when that is lost. Taken like any other. */
  backup: z.boolean().default(false),
});

const client = z.union([
  /** A client of this installation's own issuer. */
  z.string().min(1).max(512),
  z.strictObject({ issuer: issuerName, id: z.string().min(1).max(512) }),
]);

const keyOwner = z.string().refine((text) => parseKeyOwner(text) !== null, {
  error: "is no id of a user (`usr_`) or client (`cli_`): gates know no other owners",
});

/** The certificates that some callers, or all callers of some routes, may come with. */
export const pinSet = z.strictObject({
  /** Clients whose tokens are taken with one of these certificates alone, on every route. */
  clients: z.array(client).max(256).default([]),
  /** Owners of API keys, whose keys are: the ids of users and clients. */
  keyOwners: z.array(keyOwner).max(256).default([]),
  /** How long before its end the use of a pin is logged. */
  warnDays: z.int().min(1).max(365).default(30),
  pins: z.array(pin).min(1).max(32),
});
