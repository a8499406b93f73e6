import * as z from "zod/mini";

/** What is decided a second time where something is in shadow: rules, or a configuration that is tried. */
export const gatewayShadow = z.strictObject({
  /** The share of calls, from 0 to 1. */
  share: z._default(z.number().check(z.minimum(0), z.maximum(1)), 1),
});
