import type { Config } from "./schema.ts";

/** The names of those in `policy.metadata` that are asked about resources where others ask what may be done with them; none where nobody may ask. */
export function authzenSources({
  policy,
  gateway: { authzen },
}: Pick<Config, "policy" | "gateway">): readonly string[] {
  return authzen === undefined ? [] : (authzen.metadata ?? Object.keys(policy?.metadata ?? {}));
}
