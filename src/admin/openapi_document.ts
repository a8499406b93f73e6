import * as z from "zod";
import { ADMIN_SCOPE } from "../protocol/token_target.ts";
import { keyCreditsShape } from "./api_key_credit_operations.ts";
import { apiKeyListShape, apiKeyShape, newApiKeyShape, rotatedApiKeyShape } from "./api_key_shapes.ts";
import { assignmentListShape, assignmentShape } from "./assignment_shapes.ts";
import { auditListShape, deadLetterListShape, replayShape } from "./audit_operations.ts";
import {
  clientListShape,
  clientSecretListShape,
  clientSecretShape,
  clientShape,
  newClientSecretShape,
  newClientShape,
} from "./client_shapes.ts";
import { configShape, configSnapshotShape, configVersionListShape, configVersionShape } from "./config_shapes.ts";
import { explanationShape } from "./explain_shapes.ts";
import { type AdminFault, FAULTS } from "./fault.ts";
import { LINES_TYPE } from "./line_stream.ts";
import type { Operation } from "./operation.ts";
import { mailListShape, securityEventListShape } from "./record_operations.ts";
import {
  relatedListShape,
  relationChangeShape,
  relationCheckShape,
  relationDeletionShape,
  relationExpansionShape,
  relationListShape,
} from "./relation_shapes.ts";
import { roleListShape, roleShape } from "./role_shapes.ts";
import { routeListShape } from "./route_operations.ts";
import { shadowListShape, shadowResetShape, shadowVersionShape } from "./shadow_shapes.ts";
import { rotationsShape, signingKeyListShape, signingKeyShape } from "./signing_key_operations.ts";
import { newUserShape, userGrantListShape, userListShape, userSessionListShape, userShape } from "./user_shapes.ts";

/** Where the admin API lives. */
export const ADMIN_BASE = "/admin/v1";

const LINES = {
  type: "string",
  description:
    'All of `data` in pages that nobody sees, an object a line, with a last line `{"next_cursor"}`: null where that was all. `limit` does not count.',
};

type Json = Record<string, unknown>;
type Code = AdminFault["code"];

const problemShape = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    code: z.string().describe("Stable: listed in docs/failures.md."),
    errors: z.array(z.object({ field: z.string(), reason: z.string() })).optional(),
    request_id: z.string(),
  })
  .describe("RFC 9457, with a stable code.");

/** Shapes that answers name; each becomes one component. */
const COMPONENTS = {
  Client: clientShape,
  NewClient: newClientShape,
  ClientList: clientListShape,
  ClientSecret: clientSecretShape,
  NewClientSecret: newClientSecretShape,
  ClientSecretList: clientSecretListShape,
  ApiKey: apiKeyShape,
  NewApiKey: newApiKeyShape,
  ApiKeyList: apiKeyListShape,
  RotatedApiKey: rotatedApiKeyShape,
  ApiKeyCredits: keyCreditsShape,
  SigningKey: signingKeyShape,
  SigningKeyList: signingKeyListShape,
  Rotations: rotationsShape,
  User: userShape,
  NewUser: newUserShape,
  UserList: userListShape,
  UserSessionList: userSessionListShape,
  UserGrantList: userGrantListShape,
  Role: roleShape,
  RoleList: roleListShape,
  Assignment: assignmentShape,
  AssignmentList: assignmentListShape,
  SecurityEventList: securityEventListShape,
  MailList: mailListShape,
  AuditEventList: auditListShape,
  AuditDeadLetterList: deadLetterListShape,
  AuditReplay: replayShape,
  RelationChange: relationChangeShape,
  RelationDeletion: relationDeletionShape,
  RelationList: relationListShape,
  RelationCheck: relationCheckShape,
  RelationExpansion: relationExpansionShape,
  RelatedList: relatedListShape,
  RouteList: routeListShape,
  Config: configShape,
  ConfigVersion: configVersionShape,
  ConfigVersionList: configVersionListShape,
  ConfigSnapshot: configSnapshotShape,
  Explanation: explanationShape,
  ShadowVersion: shadowVersionShape,
  ShadowList: shadowListShape,
  ShadowReset: shadowResetShape,
  Problem: problemShape,
} satisfies Record<string, z.ZodType>;

const EVERYWHERE: readonly Code[] = [
  "ambiguous_credentials",
  "credential_in_query",
  "validation_failed",
  "unauthenticated",
  "invalid_token",
  "insufficient_scope",
  "internal_error",
  "temporarily_unavailable",
];
const WITH_BODY: readonly Code[] = ["invalid_json", "body_too_large", "request_timeout", "unsupported_media_type"];

/**
 * The OpenAPI 3.1 document of `operations`, from the schemas that also validate. zod writes JSON Schema 2020-12 itself,
 * which is the dialect of OpenAPI 3.1, so that nothing has to be patched onto it for this.
 */
export function openApiDocument(operations: readonly Operation[], issuerUrl: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `${ADMIN_BASE}${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(operation) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Sallyport admin API", version: "1", description: `Needs a token with the scope ${ADMIN_SCOPE}.` },
    servers: [{ url: issuerUrl }],
    security: [{ admin: [] }],
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        admin: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "at+jwt",
          description: `An access token of this issuer, for the issuer alone, with the scope ${ADMIN_SCOPE}.`,
        },
      },
    },
  };
}

function describeOperation(operation: Operation): Json {
  const { id, summary, body } = operation;
  const hasBody = body.presence !== "none";
  const requestBody = {
    required: body.presence === "required",
    content: { "application/json": { schema: inputSchema(body.schema) } },
  };
  return {
    operationId: id,
    summary,
    parameters: [...pathParameters(operation), ...queryParameters(operation)],
    ...(hasBody ? { requestBody } : {}),
    responses: {
      ...successes(operation),
      ...problems([...EVERYWHERE, ...(hasBody ? WITH_BODY : []), ...operation.faults]),
    },
  };
}

function pathParameters({ path }: Operation): Json[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
}

function queryParameters({ query }: Operation): Json[] {
  const { properties = {}, required = [] } = inputSchema(query);
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function successes(operation: Operation): Json {
  const content = answerContent(operation);
  const done = { [operation.status]: { description: "Done.", ...content } };
  if (operation.method === "GET") return done;
  const pending = "Done, and the gates are still being told; the same body.";
  return { ...done, 202: { description: pending, ...content } };
}

function answerContent({ id, answer, hasLines }: Operation): Json {
  if (answer === null) return {};
  const name = Object.entries(COMPONENTS).find(([, shape]) => shape === answer)?.[0];
  if (name === undefined) throw new Error(`the answer of ${id} has no name`);
  const whole = { "application/json": { schema: { $ref: componentRef(name) } } };
  return { content: hasLines === true ? { ...whole, [LINES_TYPE]: { schema: LINES } } : whole };
}

/** One response per status, telling the codes that it may carry. */
function problems(codes: readonly Code[]): Json {
  const byStatus = Map.groupBy(codes, (code) => FAULTS[code].status);
  const content = { "application/problem+json": { schema: { $ref: componentRef("Problem") } } };
  return Object.fromEntries(
    [...byStatus].map(([status, told]) => [
      status,
      { description: told.map((code) => `\`${code}\``).join(", "), content },
    ]),
  );
}

function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, shape] of Object.entries(COMPONENTS)) registry.add(shape, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: componentRef, io: "output" });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]));
}

function inputSchema(schema: z.ZodType) {
  return withoutIdentity(z.toJSONSchema(schema, { io: "input" }));
}

function componentRef(id: string): string {
  return `#/components/schemas/${id}`;
}

/** The document is one resource of one dialect: schemas inside it name neither. */
function withoutIdentity({ $schema: _dialect, $id: _id, ...schema }: z.core.JSONSchema.BaseSchema) {
  return schema;
}
