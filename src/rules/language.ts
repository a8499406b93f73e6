import type { AttributeType } from "../policy/attribute_type.ts";
import { type CelFunction, CelLanguage, TIMESTAMP } from "./cel.ts";
import { type AttributeTypes, PRINCIPAL_FIELDS, RESOURCE_FIELDS, type RuleSchema } from "./rule_schema.ts";
import {
  ActionValue,
  EnvironmentValue,
  ObjectValue,
  RequestValue,
  type RuleClasses,
  ruleClasses,
} from "./variables.ts";

/** The language of rules about one type of resources: its names, their types, and the classes behind them. */
export interface RuleLanguage {
  readonly schema: RuleSchema;
  readonly type: string;
  readonly cel: CelLanguage;
  readonly classes: RuleClasses;
  /** The type of each field, by variable. */
  readonly fields: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const ACTION_FIELDS = { id: "string", type: "string", name: "string" };
const ENV_FIELDS = {
  time: TIMESTAMP,
  address: "string",
  country: "string",
  asn: "int",
  tlsVersion: "string",
  deviceType: "string",
  clientType: "string",
  authAge: "int",
  acr: "string",
  amr: "list<string>",
};
/** The language of `schema` for the resources of `type`, with `functions`. To make one takes about a millisecond. */
export function ruleLanguage(
  schema: RuleSchema,
  type: string,
  functions: Readonly<Record<string, CelFunction>>,
): RuleLanguage {
  const resource = schema.resources.get(type) ?? {};
  const classes = ruleClasses(schema.principal, resource);
  const fields = {
    principal: { ...celTypes(schema.principal), ...PRINCIPAL_FIELDS },
    resource: { ...celTypes(resource), ...RESOURCE_FIELDS },
    action: ACTION_FIELDS,
    env: ENV_FIELDS,
    request: { body: "dyn" },
  };
  const cel = new CelLanguage({
    types: {
      Principal: { ctor: classes.principal, fields: fields.principal },
      Resource: { ctor: classes.resource, fields: fields.resource },
      Object: { ctor: ObjectValue, fields: {} },
      Action: { ctor: ActionValue, fields: fields.action },
      Env: { ctor: EnvironmentValue, fields: fields.env },
      Request: { ctor: RequestValue, fields: fields.request },
    },
    variables: { principal: "Principal", resource: "Resource", action: "Action", env: "Env", request: "Request" },
    functions,
  });
  return { schema, type, cel, classes, fields };
}

function celTypes(types: AttributeTypes): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, celType(type)]));
}

function celType(type: AttributeType): string {
  return type === "timestamp" ? TIMESTAMP : type;
}
