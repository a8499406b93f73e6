import type { AttributeReader, CallerTerms, DecisionPoint, ResourceType } from "./access/authzen/decision_point.ts";
import type { GateRoute } from "./access/gate.ts";
import { knownSubjects } from "./adapters/known_subjects.ts";
import { SealedPageTokens } from "./adapters/sealed_page_tokens.ts";
import type { AuthzenParts } from "./authorizer/authzen/authzen.ts";
import type { GatewayParts } from "./authorizer/gateway.ts";
import { type Bindings, DeploymentFault } from "./bindings.ts";
import { actionPolicies } from "./compose_policy.ts";
import { composeRelationsOfCall } from "./compose_relations.ts";
import { keyEncryption } from "./compose_stores.ts";
import { authzenRoutes, NO_ORIGIN } from "./config/authzen_routes.ts";
import type { AuthzenConfig } from "./config/authzen_schema.ts";
import type { CompiledConfig } from "./config/compile.ts";
import { origin } from "./config/origin_schema.ts";
import { readPolicy } from "./config/policy_rules.ts";
import type { PolicyConfig } from "./config/policy_schema.ts";
import type { Kept } from "./kernel/kept.ts";
import { type AttributeType, attributeValue } from "./policy/attribute_type.ts";
import type { RouteTable } from "./policy/route_table.ts";
import type { AccessCandidates } from "./ports/access_candidates.ts";
import type { IssuerReader } from "./ports/issuer_reader.ts";
import type { AuthzenMetadataInput } from "./protocol/authzen/metadata.ts";

/*
 * The wiring of AuthZEN's API: the policy as others ask about it.
 */

/** The parts of the API; null where it is not asked for. `routesOf` makes the gate's routes of a configuration. */
export function composeAuthzen(
  bindings: Bindings,
  config: CompiledConfig,
  routesOf: (config: CompiledConfig) => RouteTable<GateRoute>,
  { gate, ...gateway }: GatewayParts,
  says: DecisionPoint["external"],
  reader: IssuerReader,
  kept: Kept,
): AuthzenParts | null {
  const { authzen } = config.gateway;
  if (authzen === undefined) return null;
  // Nothing is ever sent to it.
  const nowhere = origin.parse({ url: config.gateway.url, audience: config.gateway.resource });
  const routes = routesOf({ ...config, routes: authzenRoutes(config), origins: { [NO_ORIGIN]: nowhere } });
  return {
    judgement: { ...gateway, gate: { ...gate, routes }, unlisted: null, cors: null },
    point: decisionPoint(config, authzen, says, reader, kept),
    bodies: gateway.bodies,
    pageTokens: new SealedPageTokens(keyEncryption(bindings, "IDENTITY_KEK")),
    reasons: authzen.reasons,
    maxEvaluations: authzen.maxEvaluations,
    maxPageSize: authzen.search?.maxPageSize ?? 0,
    maxCandidates: authzen.search?.maxCandidates ?? 0,
  };
}

/** What the metadata says of the API; null where there is none. */
export function authzenMetadataOf({ gateway }: CompiledConfig): AuthzenMetadataInput | null {
  return gateway.authzen === undefined ? null : { url: gateway.url, searches: gateway.authzen.search !== undefined };
}

function decisionPoint(
  config: CompiledConfig,
  authzen: AuthzenConfig,
  says: DecisionPoint["external"],
  reader: IssuerReader,
  kept: Kept,
): DecisionPoint {
  const { policy, issuer } = config;
  if (policy === undefined) throw new DeploymentFault("AuthZEN's API has no policy to decide by");
  const relations = readPolicy(config)?.relations ?? null;
  const schema = relations?.ok === true ? relations.value : null;
  return {
    types: resourceTypes(config, policy),
    principal: attributeReaders(policy.principal),
    subjects: knownSubjects(reader, () => Date.now()),
    external: says,
    relations: schema === null ? null : composeRelationsOfCall(config, schema, reader, kept),
    candidates: schema === null ? null : candidatesFrom(schema.text, reader),
    ownIssuer: issuer.url,
    believes: new Set(authzen.believes),
    callers: new Map(Object.entries(authzen.callers).map(([id, caller]) => [id, callerTerms(caller)])),
  };
}

function resourceTypes(config: CompiledConfig, { resources }: PolicyConfig): ReadonlyMap<string, ResourceType> {
  const policies = actionPolicies(config);
  return new Map(
    Object.entries(resources).map(([type, { attributes, tenant, actions }]) => [
      type,
      {
        attributes: attributeReaders(attributes),
        tenant: tenant ?? null,
        actions: new Map(
          Object.keys(actions).flatMap((name) => {
            const policy = policies.get(`${type}:${name}`);
            return policy === undefined ? [] : [[name, policy] as const];
          }),
        ),
      },
    ]),
  );
}

function attributeReaders(declared: Readonly<Record<string, AttributeType>>): ReadonlyMap<string, AttributeReader> {
  return new Map(
    Object.entries(declared).map(([name, type]) => [name, (value: unknown) => attributeValue(value, type)]),
  );
}

function callerTerms({ resourceTypes, tenants, says }: AuthzenConfig["callers"][string]): CallerTerms {
  return {
    resourceTypes: resourceTypes === undefined ? null : new Set(resourceTypes),
    tenants: tenants === undefined ? null : new Set(tenants),
    roles: new Set(says?.roles),
    attributes: new Set(says?.attributes),
  };
}

function candidatesFrom(schema: string, reader: Pick<IssuerReader, "relatedIds">): AccessCandidates {
  return {
    resources: (type, to, after, limit) => reader.relatedIds({ schema, sought: "objects", type, to, after, limit }),
    subjects: (type, to, after, limit) => reader.relatedIds({ schema, sought: "principals", type, to, after, limit }),
  };
}
