/** Where the metadata of a decision point without a path is published (§9.2). */
export const AUTHZEN_METADATA_PATH = "/.well-known/authzen-configuration";

/** The API's endpoints, by the path that stands behind the decision point's own (§10.1). */
export const AUTHZEN_PATHS = {
  evaluation: "/access/v1/evaluation",
  evaluations: "/access/v1/evaluations",
  searchSubject: "/access/v1/search/subject",
  searchResource: "/access/v1/search/resource",
  searchAction: "/access/v1/search/action",
} as const;

export interface AuthzenMetadataInput {
  /** The decision point's identifier: scheme and authority. */
  readonly url: string;
  /** Whether searches are answered. */
  readonly searches: boolean;
}

/** The metadata document of a decision point (§9.1). An endpoint that is not named is not there. */
export function authzenMetadata({ url, searches }: AuthzenMetadataInput): Readonly<Record<string, string>> {
  return {
    policy_decision_point: url,
    access_evaluation_endpoint: `${url}${AUTHZEN_PATHS.evaluation}`,
    access_evaluations_endpoint: `${url}${AUTHZEN_PATHS.evaluations}`,
    ...(searches && {
      search_subject_endpoint: `${url}${AUTHZEN_PATHS.searchSubject}`,
      search_resource_endpoint: `${url}${AUTHZEN_PATHS.searchResource}`,
      search_action_endpoint: `${url}${AUTHZEN_PATHS.searchAction}`,
    }),
  };
}
