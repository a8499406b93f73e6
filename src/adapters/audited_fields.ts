import type { ApiKey } from "../ports/api_keys.ts";
import type { ClientRecord, ClientSecretRecord } from "../ports/clients.ts";
import type { Role } from "../ports/roles.ts";
import type { UserRecord } from "../ports/users.ts";
import type { FieldChange } from "../protocol/audit_event.ts";

/*
 * What the audit trail is told of objects that operators change: a list of what may be told, under the names of the admin API. What is
 * not named here is never told: no hash of a secret, no password, no address of a person, no value of a note.
 */

/** A field of an object: what is told of it, and what it is compared by where that is more. */
interface Told {
  readonly told: unknown;
  readonly compared?: unknown;
}

export type AuditedFields = Readonly<Record<string, Told>>;

/** In characters of JSON. */
const MAX_FIELD = 2_000;

export function auditedClient(client: ClientRecord, secrets?: readonly ClientSecretRecord[]): AuditedFields {
  const { person } = client;
  return {
    name: { told: client.name },
    token_endpoint_auth_methods: { told: client.authMethods },
    grant_types: { told: client.grantTypes },
    scopes: { told: client.scopes },
    default_scopes: { told: client.defaultScopes },
    roles: { told: client.roles },
    assignments: { told: client.assignments },
    attributes: names(client.attributes),
    disabled: { told: client.disabled },
    application_type: { told: person.applicationType },
    redirect_uris: uris(person.redirectUris),
    post_logout_redirect_uris: uris(person.postLogoutRedirectUris),
    backchannel_logout_uri: uris(person.backchannelLogoutUri === null ? [] : [person.backchannelLogoutUri]),
    subject_type: { told: person.subjectType },
    id_token_signed_response_alg: { told: person.idTokenAlgorithm },
    first_party: { told: person.firstParty },
    require_pkce: { told: person.requirePkce },
    ...(secrets === undefined ? {} : { secrets: { told: secrets.map(({ id }) => id) } }),
  };
}

export function auditedKey(key: ApiKey): AuditedFields {
  return {
    name: { told: key.name },
    environment: { told: key.environment },
    kind: { told: key.kind },
    scopes: { told: key.scopes },
    roles: { told: key.roles },
    assignments: { told: key.assignments },
    attributes: names(key.attributes),
    owner: { told: key.owner },
    metadata: names(key.metadata),
    allowed_addresses: { told: key.allowedAddresses },
    allowed_origins: { told: key.allowedOrigins },
    limits: { told: key.limits },
    credits: { told: key.credits },
    disabled: { told: key.disabled },
    expires_at: { told: key.expiresAtMs === null ? null : new Date(key.expiresAtMs).toISOString() },
    // The last four characters, as operators see them; another string may end in the same four.
    secrets: {
      told: key.secrets.map(({ lastFour }) => lastFour),
      compared: key.secrets.map(({ hash, expiresAtMs }) => [hash, expiresAtMs]),
    },
  };
}

export function auditedUser(user: UserRecord): AuditedFields {
  return {
    email_verified: { told: user.emailVerified },
    profile: names(user.profile),
    roles: { told: user.roles },
    assignments: { told: user.assignments },
    attributes: names(user.attributes),
    disabled: { told: user.disabled },
  };
}

export function auditedRole(role: Role): AuditedFields {
  return {
    description: { told: role.description },
    permissions: { told: role.permissions },
    inherits: { told: role.inherits },
  };
}

/** The fields in which `before` and `after` differ; null for an object that was not or is no more. */
export function differences(
  before: AuditedFields | null,
  after: AuditedFields | null,
): Readonly<Record<string, FieldChange>> {
  const changes: Record<string, FieldChange> = {};
  for (const name of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])) {
    const [was, is] = [before?.[name], after?.[name]];
    if (JSON.stringify(comparable(was)) === JSON.stringify(comparable(is))) continue;
    changes[name] = {
      ...(was === undefined ? {} : { before: bounded(was.told) }),
      ...(is === undefined ? {} : { after: bounded(is.told) }),
    };
  }
  return changes;
}

function comparable(field: Told | undefined): unknown {
  return field === undefined ? ["absent"] : [field.told, field.compared ?? null];
}

function bounded(value: unknown): unknown {
  const { length } = JSON.stringify(value) ?? "";
  return length <= MAX_FIELD ? value : `(${length} characters)`;
}

/** Without what may be a secret in a URI: who asks (RFC 3986 §3.2.1), the query and the fragment. */
function uris(list: readonly string[]): Told {
  const told = list.map((uri) => uri.replace(/[?#].*$/su, "").replace(/^([^:/]*:\/\/)[^/@]*@/u, "$1"));
  return { told, compared: list };
}

/** Notes and profiles may hold anything: which members there are is told, and never what they say. */
function names(members: object): Told {
  return { told: Object.keys(members).sort(), compared: Object.entries(members).sort() };
}
