import { ID_TOKEN_ALGORITHMS } from "./id_token.ts";
import { logoutMetadata } from "./logout_request.ts";
import { PERSON_CLAIMS } from "./person_claims.ts";
import { type ServerMetadataInput, serverMetadata } from "./server_metadata.ts";
import { OWN_ACR_VALUES } from "./sign_in_claims.ts";

/** Claims of every ID token, or of those whose sign-in had them. */
const ID_TOKEN_CLAIMS = [
  "iss",
  "sub",
  "aud",
  "azp",
  "exp",
  "iat",
  "auth_time",
  "nonce",
  // Only where our own sign-ins have a class at all.
  ...(OWN_ACR_VALUES.length > 0 ? ["acr"] : []),
  "amr",
  "at_hash",
  "sid",
];

/** The OpenID provider's metadata (OpenID Connect Discovery §3): what RFC 8414 has, and what concerns people. */
export function openidMetadata(input: ServerMetadataInput) {
  return {
    ...serverMetadata(input),
    userinfo_endpoint: `${input.catalog.issuer}/oauth2/userinfo`,
    ...logoutMetadata(input.catalog.issuer),
    subject_types_supported: ["public", "pairwise"],
    id_token_signing_alg_values_supported: ID_TOKEN_ALGORITHMS,
    claim_types_supported: ["normal"],
    claims_supported: [...ID_TOKEN_CLAIMS, ...PERSON_CLAIMS],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    // True where it is absent.
    request_uri_parameter_supported: false,
    prompt_values_supported: ["none", "login", "consent", "select_account"],
  };
}
