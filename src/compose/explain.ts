import type { ExplainableRoute, ExplainParts } from "../access/explain/explain_parts.ts";
import type { FetchedRelations, RouteMetadata } from "../access/route_action.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { readRelations } from "../config/faults/relation.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import type { TupleReader } from "../policy/relations/tuple_reader.ts";
import type { RoleBook } from "../policy/role_book.ts";
import { RouteTable } from "../policy/route_table.ts";
import type { ExternalDecisions } from "../ports/external_decisions.ts";
import type { KnownSubjects } from "../ports/known_subjects.ts";
import { routeDeprecation } from "./edges.ts";
import { actionPolicies } from "./policy.ts";
import { routeRights, trustedIssuers } from "./rights.ts";
import { declaredSays, routeActions } from "./route_actions.ts";

/*
 * The wiring of explanations: a compiled configuration as decisions by it are explained, at the issuer, on a desk, or in a table of decisions.
 */

/** What a configuration does not say by itself. */
export interface ExplainSources {
  /** The configuration's hash. */
  readonly snapshot: string;
  readonly book: RoleBook;
  readonly tuples: TupleReader;
  /** Null where nobody knows any. */
  readonly subjects: KnownSubjects | null;
}

/** `config` as decisions by it are explained: of the same parts as the gate. */
export function explainParts(config: CompiledConfig, sources: ExplainSources): ExplainParts {
  const { snapshot, book, tuples, subjects } = sources;
  const { policy, issuer } = config;
  const schema = readRelations(config);
  const metadata = new Map(Object.keys(policy?.metadata ?? {}).map((name) => [name, NOBODY_TOLD]));
  const actions = routeActions(config, {
    relations: schema?.ok ? noRelations : null,
    metadata,
    says: declaredSays(config, NOBODY_OBJECTS),
  });
  const entries = config.routes.map((route) => {
    const explainable: ExplainableRoute = {
      ...routeRights(route),
      session: null,
      deprecation: routeDeprecation(route),
      action: actions(route),
      told: { id: route.id, path: route.path, methods: route.methods, isPublic: route.public },
      hasMore: hasMore(route, config),
    };
    return { pattern: route.pattern, methods: route.methods, route: explainable };
  });
  return {
    snapshot,
    routes: new RouteTable(entries),
    actions: actionPolicies(config),
    resources: policy?.resources ?? {},
    issuers: trustedIssuers(config),
    principal: policy?.principal ?? {},
    ownIssuer: issuer.url,
    book,
    subjects,
    relations: schema?.ok ? { schema: schema.value, tuples } : null,
  };
}

/** What an explanation needs of relations and of origins is read from the question and from tuples: see `explainRequest`. */
const NOBODY_TOLD: RouteMetadata = { goesOnWithout: true, cache: { known: () => undefined, fetch: nobody } };

/** What others would say is not asked: a note tells that they have a say. */
const NOBODY_OBJECTS: ExternalDecisions = { permits: async () => true };

function noRelations(): FetchedRelations {
  return { known: () => undefined, resolve: nobody };
}

function nobody(): Promise<never> {
  return Promise.reject(new Error("an explanation asks no gate"));
}

function hasMore({ lists, captcha, signals, limits, openapi }: CompiledRoute, { gateway }: CompiledConfig): boolean {
  return (
    (lists ?? gateway.lists).length > 0 ||
    (captcha ?? gateway.captcha ?? null) !== null ||
    (signals ?? gateway.signals) ||
    limits.length > 0 ||
    openapi !== undefined
  );
}
