import type { AttributeReader, CallerTerms, DecisionPoint, ResourceType } from "../access/authzen/decision_point.ts";
import type { GateRoute } from "../access/gate.ts";
import { knownSubjects } from "../adapters/known_subjects.ts";
import { SealedPageTokens } from "../adapters/sealed_page_tokens.ts";
import type { AuthzenParts } from "../authorizer/authzen/authzen.ts";
import type { GatewayParts } from "../authorizer/gateway.ts";
import { type Bindings, DeploymentFault } from "../bindings.ts";
import { authzenRoutes, NO_ORIGIN } from "../config/authzen_routes.ts";
import { authzenSources } from "../config/authzen_sources.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { readPolicy } from "../config/policy_rules.ts";
import type { AuthzenConfig } from "../config/schemas/authzen.ts";
import { origin } from "../config/schemas/origin.ts";
import type { PolicyConfig } from "../config/schemas/policy.ts";
import type { Kept } from "../kernel/kept.ts";
import type { ActionPolicy } from "../policy/action_policy.ts";
import { type AttributeType, attributeValue } from "../policy/attribute_type.ts";
import { isRelationId } from "../policy/relations/terms.ts";
import type { RouteTable } from "../policy/route_table.ts";
import type { AccessCandidates } from "../ports/access_candidates.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import type { AuthzenMetadataInput } from "../protocol/authzen/metadata.ts";
import { actionPolicies } from "./policy.ts";
import { composeRelationsOfCall } from "./relations.ts";
import { type ActionSources, names } from "./route_actions.ts";
import { keyEncryption } from "./stores.ts";

/*
 * The wiring of AuthZEN's API: the policy as others ask about it.
 */

/** Who else is asked: those who have a say, and the origins of resources, as on routes. */
type AskedBeside = Pick<ActionSources, "says" | "metadata">;

/** The parts of the API; null where it is not asked for. `routesOf` makes the gate's routes of a configuration. */
export function composeAuthzen(
  bindings: Bindings,
  config: CompiledConfig,
  routesOf: (config: CompiledConfig) => RouteTable<GateRoute>,
  { gate, ...gateway }: GatewayParts,
  sources: AskedBeside,
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
    self: config.gateway.url,
    point: decisionPoint(config, authzen, sources, reader, kept),
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
  sources: AskedBeside,
  reader: IssuerReader,
  kept: Kept,
): DecisionPoint {
  const { policy, issuer } = config;
  if (policy === undefined) throw new DeploymentFault("AuthZEN's API has no policy to decide by");
  const schema = readPolicy(config)?.relations ?? null;
  return {
    types: resourceTypes(config, policy, sources),
    principal: attributeReaders(policy.principal),
    subjects: knownSubjects(reader, () => Date.now()),
    external: sources.says,
    relations: schema === null ? null : composeRelationsOfCall(config, schema, reader, kept),
    candidates: candidatesFrom(schema?.text ?? null, reader),
    ownIssuer: issuer.url,
    believes: new Set(authzen.believes),
    callers: new Map(Object.entries(authzen.callers).map(([id, caller]) => [id, callerTerms(caller)])),
  };
}

function resourceTypes(
  config: CompiledConfig,
  { resources, metadata: declared }: PolicyConfig,
  { says, metadata }: AskedBeside,
): ReadonlyMap<string, ResourceType> {
  const policies = actionPolicies(config);
  const sources = new Map(authzenSources(config).map((name) => [declared[name]?.type, name]));
  return new Map(
    Object.entries(resources).map(([type, { attributes, tenant, actions: named }]) => {
      const source = sources.get(type) ?? "";
      const told = source === "" ? [] : (declared[source]?.attributes ?? Object.keys(attributes));
      const origin = metadata.get(source);
      const actions = Object.keys(named).flatMap((name) => {
        const policy = policies.get(`${type}:${name}`);
        return policy === undefined ? [] : [[name, policy] as const];
      });
      const asking = actions.filter(
        ([, policy]) => tenant !== undefined || says.has(policy.id) || needsAttributes(policy),
      );
      return [
        type,
        {
          attributes: attributeReaders(attributes, told),
          metadata: new Map(origin === undefined ? [] : asking.map(([name]) => [name, origin])),
          tenant: tenant ?? null,
          actions: new Map(actions),
        },
      ];
    }),
  );
}

/** Whether a live rule may need an attribute of the resource: it names the resource for more than for a relation to it. */
function needsAttributes({ rules }: ActionPolicy): boolean {
  return rules.some(({ mode, source }) => mode === "live" && /\bresource\b/.test(source.replaceAll(RELATION, "")));
}

const RELATION = /\bcan\(principal, *"\w+", *resource\)/g;

/** How those of `declared` are read that a caller may say: all but `told`, which its origin tells. */
function attributeReaders(
  declared: Readonly<Record<string, AttributeType>>,
  told: readonly string[] = [],
): ReadonlyMap<string, AttributeReader> {
  return new Map(
    Object.entries(declared).flatMap(([name, type]) =>
      told.includes(name) ? [] : [[name, (value: unknown) => attributeValue(value, type)] as const],
    ),
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

/** Whoever is to have a permission has a role that gives it, so that nobody else is looked at; where rules name roles, everybody who has one is. */
function candidatesFrom(schema: string | null, reader: Pick<IssuerReader, "relatedIds">): AccessCandidates {
  return {
    resources: (type, to, after, limit) => reader.relatedIds({ schema, sought: "objects", type, to, after, limit }),
    subjects: (type, to, policy, after, limit) => {
      const [permission] = policy.permissions;
      const byTuples = permission === undefined && isRelationId(to.id);
      const byRoles = permission !== undefined || names(policy, /\b(?:roles|permitted)\b/);
      return reader.relatedIds({
        schema: byTuples ? schema : null,
        sought: "principals",
        type,
        to,
        after,
        limit,
        ...(byRoles && { holders: { permission: permission ?? null } }),
      });
    },
  };
}
