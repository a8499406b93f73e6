import * as z from "zod/mini";
import { reachesCaller, reachesOrigin } from "../../policy/inbound_headers.ts";
import { webOriginFault } from "../../policy/web_origin.ts";
import { seconds } from "../terms.ts";

/* Whose pages may call a route by script and read what it answers. */

const FIELD_NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
/** Credentials end at the gate and do not reach an origin, but a page has to be able to send them. */
const CREDENTIAL_FIELDS = ["authorization", "x-api-key"];

/** A web origin as browsers write it, that can be trusted. */
export const webOrigin = z.string().check(
  z.superRefine((text, context) => {
    const fault = webOriginFault(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  }),
);

const fieldName = z.string().check(z.regex(FIELD_NAME, "is not the name of a header, or is a wildcard"));

const requestField = fieldName.check(
  z.refine((name) => CREDENTIAL_FIELDS.includes(name.toLowerCase()) || reachesOrigin(name.toLowerCase(), null), {
    error: "is a header that no origin gets",
  }),
);

const responseField = fieldName.check(
  z.refine((name) => reachesCaller(name.toLowerCase(), null), {
    error: "is a header that no caller gets",
  }),
);

/** Cross-origin resource sharing as the gate does it itself. */
export const cors = z.strictObject({
  /** Web origins, compared exactly: `https://app.example`, or plain http on loopback. */
  origins: z.array(webOrigin).check(z.minLength(1), z.maxLength(100)),
  /** Headers that scripts may send beside `Content-Type` and those of the route's credentials. */
  requestHeaders: z._default(z.array(requestField).check(z.maxLength(50)), []),
  /** Headers of answers that scripts may read beside the gate's own. */
  exposedHeaders: z._default(z.array(responseField).check(z.maxLength(50)), []),
  /** How long browsers may remember a preflight's answer. */
  maxAgeSeconds: z._default(seconds.check(z.maximum(86_400)), 600),
  /** Whether browsers send cookies along. */
  credentials: z._default(z.boolean(), false),
});

/** A route's own: `none` of other origins may read it, or its `origin` sees to all of it, preflights included. */
export const routeCors = z.union([z.enum(["none", "origin"]), cors]);
