import * as z from "zod";
import { secretBinding } from "./terms.ts";

/** `/_authz`, where other proxies ask about their calls. */
export const forwardAuth = z.strictObject({
  /** The secrets that proxies prove themselves by, of at least 32 bytes; two while one replaces the other. */
  secretBindings: z.array(secretBinding).min(1).max(2),
  /** Where the proxy writes the caller's address. */
  address: z
    .strictObject({
      header: z.enum(["x-forwarded-for", "x-real-ip"]).default("x-forwarded-for"),
      /** Which entry of the list it is, counted from its end: 1 is what the last proxy added. */
      hops: z.int().min(1).max(10).default(1),
    })
    .default({ header: "x-forwarded-for", hops: 1 }),
});

/** What becomes of calls on routes with a contract (`openapi`), where another than the gateway passes them on and nobody looks into bodies. */
export const unseenBodies = z.enum(["refuse", "allow"]).default("refuse");

/** What becomes of a `POST`, `PUT` or `PATCH` whose length nobody states, where another than the gateway passes it on. */
export const undeclaredBodies = z.enum(["refuse", "allow"]).default("refuse");
