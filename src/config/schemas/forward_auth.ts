import * as z from "zod/mini";
import { secretBinding } from "../terms.ts";

/** `/_authz`, where other proxies ask about their calls. */
export const forwardAuth = z.strictObject({
  /** The secrets that proxies prove themselves by, of at least 32 bytes; two while one replaces the other. */
  secretBindings: z.array(secretBinding).check(z.minLength(1), z.maxLength(2)),
  /** Where the proxy writes the caller's address. */
  address: z._default(
    z.strictObject({
      header: z._default(z.enum(["x-forwarded-for", "x-real-ip"]), "x-forwarded-for"),
      /** Which entry of the list it is, counted from its end: 1 is what the last proxy added. */
      hops: z._default(z.int().check(z.minimum(1), z.maximum(10)), 1),
    }),
    { header: "x-forwarded-for", hops: 1 },
  ),
});

/** What becomes of calls on routes with a contract (`openapi`), where another than the gateway passes them on and nobody looks into bodies. */
export const unseenBodies = z._default(z.enum(["refuse", "allow"]), "refuse");

/** What becomes of a `POST`, `PUT` or `PATCH` whose length nobody states, where another than the gateway passes it on. */
export const undeclaredBodies = z._default(z.enum(["refuse", "allow"]), "refuse");
