import * as z from "zod";
import type { AskedAct, AskedRequest, ExplainQuestion, Explanation } from "../ports/explaining.ts";
import { parseConfigHash } from "./config_shapes.ts";

/** Questions to the explainer, and its answers, as operators send and see them. */

const members = z.record(z.string(), z.unknown());
const word = z.string().min(1).max(512);

const entity = z.strictObject({ type: word, id: word, properties: members.default({}) });

const requestShape = z.strictObject({
  method: z.string().regex(/^[A-Z]{1,16}$/, "is no method in capital letters"),
  url: z.string().min(1).max(8192).describe("A path with its query, or a whole URL."),
  headers: z
    .record(z.string().max(128), z.string().max(8192))
    .default({})
    .describe("Nothing that proves anybody: who asks is said by `subject` or `claims`."),
  body: z.unknown().optional().describe("As JSON."),
});

/** What a question has, before it is known to be one. */
export const questionFields = z.strictObject({
  subject: entity
    .optional()
    .describe(
      "Who asks: `user`, `client` or `api_key`. `properties` (`issuer`, `client_id`, `scopes`, `roles`, `tenant_roles`, " +
        "`attributes`, `publishable`) outdo what is known of it.",
    ),
  claims: members.optional().describe("The claims of an access token, in the place of `subject`. Never the token."),
  action: z.strictObject({ name: word, properties: members.default({}) }).optional(),
  resource: z
    .strictObject({ type: word.optional(), id: word.optional(), properties: members.default({}) })
    .optional()
    .describe("With `request`: what its origin would say of the resource, or of the one with that `id`."),
  request: requestShape.optional(),
  context: members
    .default({})
    .describe(
      "What rules know as `env`: time, address, country, asn, tlsVersion, authTime, acr, amr, ...; and tenant.",
    ),
});

type Asked = z.output<typeof questionFields>;

function checkAsked({ subject, claims, action, resource, request }: Asked, context: z.core.$RefinementCtx): void {
  const fault = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
  if ((request === undefined) === (action === undefined)) fault("request", "is given, or `action` is");
  if (subject !== undefined && claims !== undefined) fault("claims", "is given, or `subject` is");
  const isWhole = resource === undefined || (resource.type !== undefined && resource.id !== undefined);
  if (action !== undefined && !isWhole) fault("resource", "needs a type and an id");
}

/** What is asked, in AuthZEN's words or as a call of the gateway. */
export const questionBody = questionFields.superRefine(checkAsked);

/** The same for an operator, who may ask by another configuration than the one that runs. */
export const explainBody = questionFields
  .extend({
    config: z
      .string()
      .refine((text) => parseConfigHash(text) !== null, "is not a hash, nor `bundled`")
      .optional()
      .describe("The hash of a published configuration, or `bundled`; the one that runs where absent."),
  })
  .superRefine(checkAsked);

/** `asked` as the explainer takes it. */
export function readQuestion(question: Asked): ExplainQuestion {
  const { subject, claims, context } = question;
  return {
    caller:
      subject !== undefined
        ? { kind: "subject", ...subject }
        : claims !== undefined
          ? { kind: "claims", claims }
          : { kind: "nobody" },
    about: question.request === undefined ? readAct(question) : readRequest(question, question.request),
    context,
  };
}

function readAct({ action, resource }: Asked): AskedAct {
  const type = action?.name.includes(":") === true ? "" : `${resource?.type ?? ""}:`;
  const isWhole = resource?.type !== undefined && resource.id !== undefined;
  return {
    kind: "act",
    action: `${type}${action?.name ?? ""}`,
    properties: action?.properties ?? {},
    resource: isWhole ? { type: resource.type ?? "", id: resource.id ?? "", properties: resource.properties } : null,
  };
}

function readRequest({ resource }: Asked, { method, url, headers, body }: z.output<typeof requestShape>): AskedRequest {
  const told = resource === undefined ? [] : [{ id: resource.id ?? null, properties: resource.properties }];
  return { kind: "request", method, url, headers: Object.entries(headers), body, told };
}

const text = z.string().nullable();
const attribute = z.unknown().describe("A text, a number, a truth value, or a list of these.");
const attributesShape = z.record(z.string(), attribute);

const ruleShape = z.strictObject({
  id: z.string(),
  effect: z.enum(["allow", "deny"]),
  mode: z.enum(["live", "shadow"]),
  source: z.string(),
  value: z
    .enum(["true", "false", "error", "wants", "not_now"])
    .describe(
      "`error`: it denies. `wants`: relations that could not be had. `not_now`: it names a body that was not told.",
    ),
  error: text,
  stepped_up: z.boolean().nullable().describe("Whether the authentication is what the rule demands; null for none."),
  failed: z
    .strictObject({
      condition: z.string(),
      values: z.array(z.strictObject({ name: z.string(), value: attribute })),
    })
    .nullable()
    .describe("The first condition that is false, and what it saw."),
});

const decisionShape = z.strictObject({
  resource: z.strictObject({ type: z.string(), id: z.string(), attributes: attributesShape }).nullable(),
  effect: z.enum(["allow", "deny", "undecided"]),
  because: text,
  rules: z.array(ruleShape),
  step_up: z
    .strictObject({ acr_values: z.array(z.string()), max_age_seconds: z.int().nullable() })
    .nullable()
    .describe("The authentication that would do."),
});

export const explanationShape = z.strictObject({
  snapshot: z.string().describe("The hash of the configuration that it was decided by."),
  effect: z.enum(["allow", "deny"]),
  reason: text.describe("Why not, in the log's word."),
  rules: z.array(z.string()).describe("The rules that made it so, as the log has them."),
  route: z
    .strictObject({ id: z.string(), path: z.string(), methods: z.array(z.string()), public: z.boolean() })
    .nullable(),
  caller: z
    .strictObject({
      kind: z.string(),
      id: z.string(),
      known: z.boolean().nullable().describe("Whether it was found, and may act; null where nobody looked."),
      scopes: z.array(z.string()),
      roles: z.array(z.string()).describe("Those that count here."),
      tenant: text,
      attributes: attributesShape,
    })
    .nullable(),
  scopes: z.array(z.strictObject({ scope: z.string(), held: z.boolean() })).describe("All of them are demanded."),
  roles: z.array(z.strictObject({ role: z.string(), held: z.boolean() })).describe("One of them is demanded."),
  permissions: z.array(
    z.strictObject({
      permission: z.string(),
      held: z.boolean(),
      role: text.describe("The caller's role that gives it."),
      through: text.describe("The role that has it, which that one is or inherits from."),
    }),
  ),
  action: text,
  decisions: z.array(decisionShape).describe("One for each resource."),
  relations: z.array(
    z.strictObject({
      check: z.string(),
      answer: z.union([z.boolean(), z.literal("undecided")]),
      path: z.array(z.string()).describe("The tuples that together grant it."),
      looked: z.array(z.string()).describe("What was looked at, where it is not granted."),
    }),
  ),
  notes: z.array(z.string()).describe("What is not looked at, or was not told."),
  shadow: z
    .array(
      z.strictObject({
        tried: z.string(),
        effect: z.enum(["allow", "deny"]),
        reason: text,
        rules: z.array(z.string()),
        differs: z.boolean(),
      }),
    )
    .describe("What is in shadow would decide."),
});

export type ShownExplanation = z.output<typeof explanationShape>;

/** An explanation as operators see it. */
export function showExplanation(explanation: Explanation): ShownExplanation {
  const { route, caller, decisions, permissions, relations, shadow, scopes, roles, rules, notes, ...rest } =
    explanation;
  return {
    ...rest,
    rules: [...rules],
    route: route && { id: route.id, path: route.path, methods: [...route.methods], public: route.isPublic },
    caller: caller && { ...caller, scopes: [...caller.scopes], roles: [...caller.roles] },
    scopes: [...scopes],
    roles: [...roles],
    permissions: [...permissions],
    decisions: decisions.map(showDecision),
    relations: relations.map((relation) => ({
      ...relation,
      path: [...relation.path],
      looked: [...relation.looked],
    })),
    notes: [...notes],
    shadow: shadow.map((tried) => ({ ...tried, rules: [...tried.rules] })),
  };
}

function showDecision({
  rules,
  stepUp,
  ...decision
}: Explanation["decisions"][number]): z.output<typeof decisionShape> {
  return {
    ...decision,
    rules: rules.map(({ steppedUp, failed, ...rule }) => ({
      ...rule,
      stepped_up: steppedUp,
      failed: failed && { condition: failed.condition, values: failed.values.map((value) => ({ ...value })) },
    })),
    step_up: stepUp && { acr_values: [...stepUp.acrValues], max_age_seconds: stepUp.maxAgeSeconds },
  };
}
