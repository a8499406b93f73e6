import * as z from "zod/mini";
import { scopeToken } from "../terms.ts";

/** What the issuer's browser session may do on routes that take it. */
export const gatewaySession = z.strictObject({
  /** Scopes of the gateway's own API. No person is asked: it is the operator's word, as for a first-party client. */
  scopes: z.array(scopeToken).check(z.maxLength(100)),
});
