import * as z from "zod";
import type { ClientPatch } from "../managing/change_client.ts";
import type { PersonDraft } from "../managing/person_rules.ts";
import { ID_TOKEN_ALGORITHMS } from "../protocol/id_token.ts";
import { SIGNATURE_ALGORITHMS } from "../protocol/jws.ts";
import type { PersonFacing } from "../protocol/person_facing.ts";
import { distinct } from "./field_shapes.ts";

/** The metadata of a client that acts for people, in the names of RFC 7591 and OpenID Connect Registration. */
const uriField = z.string().min(1).max(2_048);
const applicationTypeField = z
  .enum(["web", "native"])
  .describe("`native` alone may use loopback addresses, `localhost` and private-use schemes (RFC 8252).");
const redirectUrisField = distinct(uriField).describe(
  "Compared as strings; a native client's loopback IP in any port.",
);
const postLogoutField = distinct(uriField).describe("Where a browser may return to after logout.");
const subjectTypeField = z
  .enum(["public", "pairwise"])
  .describe("`pairwise`: subjects of the redirect URIs' one host. Cannot be changed later.");
const idTokenAlgorithmField = z.enum(ID_TOKEN_ALGORITHMS);
const firstPartyField = z
  .boolean()
  .describe("May use `/auth/*`, where it sees passwords, and asks nobody for consent. For the operator's own apps.");
const requirePkceField = z.boolean().describe("false only for a client with a secret, which then sends `nonce`.");

/** Fields of a new client. */
export const newPersonFields = {
  application_type: applicationTypeField.default("web"),
  redirect_uris: redirectUrisField.default([]),
  post_logout_redirect_uris: postLogoutField.default([]),
  backchannel_logout_uri: uriField.nullable().default(null),
  subject_type: subjectTypeField.default("public"),
  id_token_signed_response_alg: idTokenAlgorithmField.default("RS256"),
  first_party: firstPartyField.default(false),
  require_pkce: requirePkceField.default(true),
  client_uri: uriField.nullable().default(null),
};

/** Fields of a change. */
export const personPatchFields = {
  application_type: applicationTypeField.optional(),
  redirect_uris: redirectUrisField.optional(),
  post_logout_redirect_uris: postLogoutField.optional(),
  backchannel_logout_uri: uriField.nullable().optional(),
  id_token_signed_response_alg: idTokenAlgorithmField.optional(),
  first_party: firstPartyField.optional(),
  require_pkce: requirePkceField.optional(),
  client_uri: uriField.nullable().optional(),
};

/** Members of a client in answers. */
export const personShapes = {
  application_type: z.enum(["web", "native"]),
  redirect_uris: z.array(z.string()),
  post_logout_redirect_uris: z.array(z.string()),
  backchannel_logout_uri: z.string().nullable(),
  subject_type: z.enum(["public", "pairwise"]),
  id_token_signed_response_alg: z.enum(SIGNATURE_ALGORITHMS),
  first_party: z.boolean(),
  require_pkce: z.boolean(),
  client_uri: z.string().nullable(),
};

const newPerson = z.object(newPersonFields);
const personPatch = z.object(personPatchFields);
const shownPerson = z.object(personShapes);

/** The metadata of a new client. */
export function readPerson(body: z.output<typeof newPerson>): PersonDraft {
  return {
    applicationType: body.application_type,
    redirectUris: body.redirect_uris,
    postLogoutRedirectUris: body.post_logout_redirect_uris,
    backchannelLogoutUri: body.backchannel_logout_uri,
    subjectType: body.subject_type,
    idTokenAlgorithm: body.id_token_signed_response_alg,
    firstParty: body.first_party,
    requirePkce: body.require_pkce,
    clientUri: body.client_uri,
  };
}

/** The metadata that a change names; undefined members stay as they are. */
export function readPersonPatch(body: z.output<typeof personPatch>) {
  return {
    applicationType: body.application_type,
    redirectUris: body.redirect_uris,
    postLogoutRedirectUris: body.post_logout_redirect_uris,
    backchannelLogoutUri: body.backchannel_logout_uri,
    idTokenAlgorithm: body.id_token_signed_response_alg,
    firstParty: body.first_party,
    requirePkce: body.require_pkce,
    clientUri: body.client_uri,
  } satisfies ClientPatch["person"];
}

/** `person` as JSON. The sector stays inside: it follows from the redirect URIs. */
export function showPerson(person: PersonFacing): z.output<typeof shownPerson> {
  return {
    application_type: person.applicationType,
    redirect_uris: [...person.redirectUris],
    post_logout_redirect_uris: [...person.postLogoutRedirectUris],
    backchannel_logout_uri: person.backchannelLogoutUri,
    subject_type: person.subjectType,
    id_token_signed_response_alg: person.idTokenAlgorithm,
    first_party: person.firstParty,
    require_pkce: person.requirePkce,
    client_uri: person.clientUri,
  };
}
