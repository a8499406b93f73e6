import * as z from "zod/mini";
import { isDemandedPermission, MAX_PERMISSION } from "../../policy/permission.ts";

/* What a route asks of the roles of its callers. */

/** Permissions that a route demands, all of them. */
export const permissions = z._default(
  z
    .array(
      z.string().check(
        z.maxLength(MAX_PERMISSION),
        z.refine(isDemandedPermission, {
          error: "is no permission: `type:action`, in lower case, digits, `_` and `-`",
        }),
      ),
    )
    .check(z.maxLength(16)),
  [],
);

/** Where a call names the tenant that it is for: roles of that tenant count on it. */
export const tenant = z.strictObject({
  /** The name of a parameter of the path. */
  path: z.string().check(z.minLength(1), z.maxLength(64)),
});
