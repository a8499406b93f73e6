import * as z from "zod";
import type { ClientPatch } from "../managing/change_client.ts";
import type { ClientDraft } from "../managing/create_client.ts";
import type { ClientRecord, ClientSecretRecord } from "../ports/clients.ts";
import { CLIENT_AUTH_METHODS } from "../protocol/client_credentials.ts";
import { GRANT_TYPES } from "../protocol/grant_types.ts";
import {
  attributesField,
  choicesField,
  holdingShapes,
  isoTime,
  isoTimeOrNull,
  nameField,
  rolesField,
  scopesField,
  showHoldings,
  timeShape,
} from "./field_shapes.ts";
import {
  newPersonFields,
  personPatchFields,
  personShapes,
  readPerson,
  readPersonPatch,
  showPerson,
} from "./person_shapes.ts";

const authMethodsField = choicesField(CLIENT_AUTH_METHODS)
  .min(1)
  .describe("How the client may authenticate. `none` alone makes a public client, which has no secret.");
const defaultScopesField = scopesField
  .nullable()
  .describe("What the client gets when it asks for no scope; null for all of `scopes`.");

/** The body of `POST /clients`, read as a draft. */
export const newClientBody = z
  .strictObject({
    name: nameField,
    grant_types: choicesField(GRANT_TYPES).default(["client_credentials"]),
    token_endpoint_auth_methods: authMethodsField.default(["client_secret_basic", "client_secret_post"]),
    scopes: scopesField,
    default_scopes: defaultScopesField.default(null),
    roles: rolesField.default([]),
    attributes: attributesField.optional(),
    ...newPersonFields,
  })
  .transform(
    (body): ClientDraft => ({
      name: body.name,
      grantTypes: body.grant_types,
      authMethods: body.token_endpoint_auth_methods,
      scopes: body.scopes,
      defaultScopes: body.default_scopes,
      roles: body.roles,
      attributes: body.attributes,
      person: readPerson(body),
    }),
  );

/** The body of `PATCH /clients/{client_id}`, read as a patch. */
export const clientPatchBody = z
  .strictObject({
    name: nameField.optional(),
    token_endpoint_auth_methods: authMethodsField.optional(),
    scopes: scopesField.optional(),
    default_scopes: defaultScopesField.optional(),
    roles: rolesField.optional(),
    attributes: attributesField.optional(),
    disabled: z
      .boolean()
      .optional()
      .describe(
        "A disabled client gets nothing, and its access tokens end for good. What people granted it waits: once it is enabled again, " +
          "refresh tokens that have not run out meanwhile work again. To end those too, delete the client, or end the grants of its users.",
      ),
    ...personPatchFields,
  })
  .transform(
    (body): ClientPatch => ({
      name: body.name,
      authMethods: body.token_endpoint_auth_methods,
      scopes: body.scopes,
      defaultScopes: body.default_scopes,
      roles: body.roles,
      attributes: body.attributes,
      disabled: body.disabled,
      person: readPersonPatch(body),
    }),
  );

/** A client in answers. */
export const clientShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  grant_types: z.array(z.enum(GRANT_TYPES)),
  token_endpoint_auth_methods: z.array(z.enum(CLIENT_AUTH_METHODS)),
  scopes: z.array(z.string()),
  default_scopes: z.array(z.string()).nullable(),
  roles: z.array(z.string()),
  ...holdingShapes,
  ...personShapes,
  disabled: z.boolean(),
  created_at: timeShape,
  updated_at: timeShape,
});

/** A client in the one answer that shows its first secret; a public client has none. */
export const newClientShape = clientShape.extend({
  client_secret: z.string().optional().describe("Shown here and never again."),
  client_secret_id: z.string().optional(),
});

export const clientListShape = z.strictObject({ data: z.array(clientShape), next_cursor: z.string().nullable() });

/** A secret as it may be listed. */
export const clientSecretShape = z.strictObject({
  id: z.string(),
  last_four: z.string(),
  created_at: timeShape,
  expires_at: timeShape.nullable(),
});

export const clientSecretListShape = z.strictObject({ data: z.array(clientSecretShape) });

/** A secret in the one answer that shows it. */
export const newClientSecretShape = z.strictObject({
  id: z.string(),
  client_secret: z.string().describe("Shown here and never again."),
});

/** `client` as JSON. */
export function showClient(client: ClientRecord): z.output<typeof clientShape> {
  return {
    id: client.id,
    name: client.name,
    grant_types: [...client.grantTypes],
    token_endpoint_auth_methods: [...client.authMethods],
    scopes: [...client.scopes],
    default_scopes: client.defaultScopes === null ? null : [...client.defaultScopes],
    roles: [...client.roles],
    ...showHoldings(client),
    ...showPerson(client.person),
    disabled: client.disabled,
    created_at: isoTime(client.createdAtMs),
    updated_at: isoTime(client.updatedAtMs),
  };
}

/** `secret` as JSON: never its digest. */
export function showClientSecret(secret: ClientSecretRecord): z.output<typeof clientSecretShape> {
  const { id, lastFour, createdAtMs, expiresAtMs } = secret;
  return { id, last_four: lastFour, created_at: isoTime(createdAtMs), expires_at: isoTimeOrNull(expiresAtMs) };
}
