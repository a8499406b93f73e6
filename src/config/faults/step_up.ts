import { OWN_ACR_VALUES } from "../../protocol/sign_in_claims.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config } from "../schema.ts";

/** Authentication that rules ask for and that nobody can give: where none but our own issuer signs people in, which knows other classes or none. */
export function stepUpFaults({ policy, gateway }: Pick<Config, "policy" | "gateway">): ConfigFault[] {
  if (gateway.trustedIssuers.some(({ keys }) => keys !== "ring")) return [];
  return (policy?.rules ?? []).flatMap(({ stepUp }, index) => {
    const values = stepUp?.acrValues ?? [];
    if (values.length === 0 || values.some((acr) => OWN_ACR_VALUES.includes(acr))) return [];
    const reason = "is given by no issuer that is trusted here, so nobody ever meets it: ask for `maxAgeSeconds`";
    return [{ path: `policy.rules[${index}].stepUp.acrValues`, reason }];
  });
}
