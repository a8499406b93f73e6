import * as z from "zod";
import { isDemandedPermission, MAX_PERMISSION } from "../policy/permission.ts";

/* What a route asks of the roles of its callers. */

/** Permissions that a route demands, all of them. */
export const permissions = z
  .array(
    z
      .string()
      .max(MAX_PERMISSION)
      .refine(isDemandedPermission, { error: "is no permission: `type:action`, in lower case, digits, `_` and `-`" }),
  )
  .max(16)
  .default([]);

/** Where a call names the tenant that it is for: roles of that tenant count on it. */
export const tenant = z.strictObject({
  /** The name of a parameter of the path. */
  path: z.string().min(1).max(64),
});
