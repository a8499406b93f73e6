import type { CompiledConfig } from "./compile.ts";

/** `config` as if its rules in shadow were live; null where it has none. */
export function withShadowRulesLive(config: CompiledConfig): CompiledConfig | null {
  const { policy } = config;
  if (policy === undefined || policy.rules.every(({ mode }) => mode === "live")) return null;
  return { ...config, policy: { ...policy, rules: policy.rules.map((rule) => ({ ...rule, mode: "live" })) } };
}
