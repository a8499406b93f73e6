import { actionPolicies } from "../../src/compose/policy.ts";
import type { CompiledConfig } from "../../src/config/compile.ts";
import type { Explanation } from "../../src/ports/explaining.ts";

/** What cases have shown of one thing, and what they could. */
export interface Covered {
  /** `rule owner-reads on document:read`. */
  readonly what: string;
  readonly missing: readonly string[];
  readonly marks: number;
}

export interface Coverage {
  readonly covered: readonly Covered[];
  /** Of all marks that there are, from 0 to 100. */
  readonly percent: number;
}

/**
 * What `explanations` have shown of the rules and permissions of `config`: whether each rule was ever true, ever false and ever what a verdict was made of, on each
 * of its actions, and each permission ever held and ever missing. Rules in shadow decide nothing, and cannot be decisive.
 */
export function coverageOf(config: CompiledConfig, explanations: readonly Explanation[]): Coverage {
  const seen = new Set(explanations.flatMap(marksOf));
  const covered = wantedOf(config).map(({ what, wanted }) => ({
    what,
    missing: wanted.filter((mark) => !seen.has(`${what} ${mark}`)),
    marks: wanted.length,
  }));
  const marks = covered.reduce((sum, one) => sum + one.marks, 0);
  const missing = covered.reduce((sum, one) => sum + one.missing.length, 0);
  return { covered, percent: marks === 0 ? 100 : (100 * (marks - missing)) / marks };
}

function marksOf({ action, decisions, permissions, rules: decisive }: Explanation): string[] {
  const ofRules = decisions.flatMap(({ rules }) =>
    rules.flatMap(({ id, value }) => {
      const what = `rule ${id} on ${action}`;
      return [`${what} ${value}`, ...(decisive.includes(id) ? [`${what} decisive`] : [])];
    }),
  );
  return [
    ...ofRules,
    ...permissions.map(({ permission, held }) => `permission ${permission} ${held ? "held" : "missing"}`),
  ];
}

function wantedOf(config: CompiledConfig): { readonly what: string; readonly wanted: readonly string[] }[] {
  const policies = [...actionPolicies(config).values()];
  const permissions = new Set([
    ...policies.flatMap((policy) => policy.permissions),
    ...config.routes.flatMap((route) => route.permissions),
  ]);
  return [
    ...policies.flatMap(({ id: action, rules }) =>
      rules.map(({ id, mode, source }) => ({
        what: `rule ${id} on ${action}`,
        wanted: ["true", ...(source.trim() === "true" ? [] : ["false"]), ...(mode === "live" ? ["decisive"] : [])],
      })),
    ),
    ...[...permissions].map((permission) => ({ what: `permission ${permission}`, wanted: ["held", "missing"] })),
  ];
}
