import type { ExternalConfig } from "../config/schemas/external.ts";
import { inTurns } from "../kernel/in_turns.ts";
import type { DecisionFacts } from "../policy/decision_facts.ts";
import { principalRef } from "../policy/relations/terms.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { ExternalDecisions, ExternalQuestion } from "../ports/external_decisions.ts";

/** A decision point of others that has a say in an action, and what it is told. */
export interface ExternalSay {
  readonly pdp: ExternalDecisions;
  readonly tells: ReadonlySet<ToldFact>;
  /** The issuer whose subjects are told by their id alone. */
  readonly ownIssuer: string;
}

export type ToldFact = ExternalConfig["tells"][number];

/** What stands for the id of a resource where an action is about none: the protocol has to have one. */
const NO_RESOURCE = "*";

/**
 * Whether what our own policy allows is permitted there as well, for each of `all`. To be asked of what is allowed alone: nobody else learns what
 * is denied anyway. `askers` are decision points that asked us. Throws `Outage`.
 */
export async function isPermittedOutside(
  { pdp, tells, ownIssuer }: ExternalSay,
  all: readonly DecisionFacts[],
  { nowMs, defer, askers }: { readonly nowMs: number; readonly defer: Defer; readonly askers?: readonly string[] },
): Promise<boolean> {
  const answers = await inTurns(
    all,
    (facts) => pdp.permits(externalQuestion(facts, tells, ownIssuer), nowMs, defer, askers),
    (told) => told.some((permits) => permits !== true),
  );
  return answers.every((permits) => permits === true);
}

/** The question about `facts`: who, what and to which resource, and beside that what `tells` names and nothing more. Without a time: it asks itself. */
export function externalQuestion(
  { principal, resource, action, env }: DecisionFacts,
  tells: ReadonlySet<ToldFact>,
  ownIssuer: string,
): ExternalQuestion {
  const subjectProperties = {
    ...(tells.has("subject_attributes") && principal.attributes),
    ...(tells.has("roles") && { roles: principal.roles }),
    ...(tells.has("tenant") && principal.tenant !== null && { tenant: principal.tenant }),
  };
  const { type, id, attributes } = resource ?? { type: action.type, id: NO_RESOURCE, attributes: {} };
  const context = {
    ...(tells.has("address") && env.address !== null && { address: env.address }),
    ...(tells.has("country") && env.country !== null && { country: env.country }),
    ...(tells.has("authentication") && {
      ...(env.acr !== null && { acr: env.acr }),
      ...(env.amr.length > 0 && { amr: env.amr }),
      ...(env.authTimeSeconds !== null && { authTime: env.authTimeSeconds }),
    }),
  };
  return {
    subject: { ...principalRef(principal, ownIssuer), ...properties(subjectProperties) },
    action: { name: action.name },
    resource: { type, id, ...(tells.has("resource_attributes") && properties(attributes)) },
    ...(Object.keys(context).length > 0 && { context }),
  };
}

function properties(members: Readonly<Record<string, unknown>>): {
  readonly properties?: Readonly<Record<string, unknown>>;
} {
  return Object.keys(members).length === 0 ? {} : { properties: members };
}
