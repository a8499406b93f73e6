import type { DecisionParts } from "../authorizer/decision.ts";
import type { ForwardAuthParts } from "../authorizer/forward_auth.ts";
import type { JudgementParts } from "../authorizer/judgement.ts";
import { type Environment, sharedSecret } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { isGatewayPath, isIssuerPath } from "../config/reserved_paths.ts";
import { composeHosts } from "./config.ts";

/*
 * The wiring of the shapes in which somebody else carries out what the gate lets pass.
 */

/** As long as a digest: what is guessed at is never shorter. */
const PROXY_SECRET_BYTES = 32;

/** The parts of decisions that nothing is forwarded after. `forwardAuth` is null where no proxy may ask. */
export function composeShapes(
  env: Environment,
  config: CompiledConfig,
  judgement: JudgementParts,
): { readonly decisions: DecisionParts; readonly forwardAuth: ForwardAuthParts | null } {
  const { issuerHosts, gatewayHosts } = composeHosts(config);
  const { forwardAuth, undeclaredBodies, unseenBodies } = config.gateway;
  const decisions: DecisionParts = {
    judgement,
    hosts: gatewayHosts,
    isOwnPath: (host, segments) => isGatewayPath(segments) || (issuerHosts.has(host) && isIssuerPath(segments)),
    takesUndeclaredBodies: undeclaredBodies === "allow",
    takesUnseenBodies: unseenBodies === "allow",
  };
  if (forwardAuth === undefined) return { decisions, forwardAuth: null };
  const secrets = forwardAuth.secretBindings.map((name) => sharedSecret(env, name, PROXY_SECRET_BYTES));
  return { decisions, forwardAuth: { decisions, secrets, address: forwardAuth.address } };
}
