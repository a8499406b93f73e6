import type { ChangeRule } from "./change_rule.ts";

/** What another condition lets pass is for a reader to tell, and so is what is left of an action when a rule goes. */
const mayOpen = (...at: string[]): ChangeRule => ({ at, effect: () => "opens", ofWhole: true });
const mayOpenWithin = (...at: string[]): ChangeRule => ({ ...mayOpen(...at), andWithin: true });

/** What changes of the policy do to who may do what. Whatever could let somebody pass opens, until a reader has said otherwise. */
export const POLICY_CHANGES: readonly ChangeRule[] = [
  { at: ["policy"], effect: ({ after }) => (after === null ? "opens" : "changes"), ofWhole: true },
  {
    at: ["policy", "rules", "*"],
    effect: ({ before, after }) => (before === null && isLiveDenial(after) ? "closes" : "opens"),
    ofWhole: true,
  },
  ...["when", "on", "effect", "mode", "stepUp"].map((member) => mayOpen("policy", "rules", "*", member)),
  ...["acrValues", "maxAgeSeconds"].map((member) => mayOpen("policy", "rules", "*", "stepUp", member)),
  mayOpen("policy", "relations", "*"),
  mayOpen("policy", "relations", "*", "*"),
  {
    at: ["policy", "resources", "*", "actions", "*", "permissions"],
    effect: ({ before }) => (before === null ? "closes" : "opens"),
    ofWhole: true,
  },
  {
    at: ["policy", "resources", "*", "actions", "*", "external"],
    effect: ({ before }) => (before === null ? "closes" : "opens"),
    ofWhole: true,
  },
  mayOpen("policy", "resources", "*", "tenant"),
  {
    at: ["policy", "resources", "*", "fields"],
    effect: ({ before }) => (before === null ? "closes" : "opens"),
    ofWhole: true,
  },
  mayOpenWithin("policy", "resources", "*", "fields"),
  ...["url", "attributes", "onUnavailable"].map((member) => mayOpenWithin("policy", "metadata", "*", member)),
  ...["url", "tells"].map((member) => mayOpenWithin("policy", "external", "*", member)),
  // What a route asks to do, besides what it demands: an action more asks more, any other is decided on by other rules.
  { at: ["routes", "*", "action"], effect: ({ before }) => (before === null ? "closes" : "opens"), ofWhole: true },
  mayOpenWithin("routes", "*", "resource"),
  mayOpenWithin("routes", "*", "fields"),
  mayOpenWithin("routes", "*", "tenant"),
];

function isLiveDenial(rule: unknown): boolean {
  const { effect, mode } = rule as { readonly effect?: unknown; readonly mode?: unknown };
  return effect === "deny" && mode === "live";
}
