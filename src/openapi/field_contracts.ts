import { parseJsonPointer } from "../kernel/json_pointer.ts";
import type { Contract, ContractResource } from "./contract.ts";
import { fieldSchema } from "./field_schema.ts";
import {
  contradictions,
  emptyPart,
  type FieldPart,
  type FieldSayings,
  type FieldUse,
  partAt,
  sayAll,
} from "./field_tree.ts";
import { LocalDocument } from "./local_document.ts";
import { ANY_JSON } from "./media_types.ts";
import { readOperation } from "./operation.ts";
import { contractOf, type RouteContracts } from "./route_contracts.ts";

/** Who reads and writes what of a type of resources. */
export interface FieldRules {
  readonly type: string;
  readonly properties: Readonly<Record<string, FieldSayings>>;
  readonly unlisted: { readonly [use in FieldUse]: "anyone" | "nobody" };
  /** Where a resource says its own id, as a JSON pointer. */
  readonly id: string;
}

/** Where resources stand in JSON, as JSON pointers in which `*` is each item of a list. */
export interface FieldPlace {
  readonly at: string;
  /** What else passes. */
  readonly beside: readonly string[];
}

/** What a route says of its calls. */
export interface FieldTerms extends Pick<Contract, "unwritable" | "leftOut" | "maxResponseBytes" | "maxDepth"> {
  readonly rules: FieldRules;
  readonly methods: readonly string[];
  readonly resource: ContractResource | null;
  /** Where in a body the ids of the call's resources stand: they are sent by everybody, for they say what the call is about. */
  readonly bodyIds: readonly string[];
  /** Null where there are none in bodies, which then pass as they are. */
  readonly request: FieldPlace | null;
  /** Null where there are none in responses, which then pass as they are. */
  readonly response: FieldPlace | null;
  /** Whether bodies are JSON where nothing is said of what is in them. */
  readonly takesJson: boolean;
}

const UNCHECKED = { "*/*": { "x-sallyport-unchecked": true } };
const BODILESS: ReadonlySet<string> = new Set(["GET", "OPTIONS"]);
/** What a refusal of the origin may say (RFC 9457 §3.1): the rest may speak of what is hidden, and JSON of another type may be the resource itself. */
const PROBLEM = { type: "object", properties: { type: true, title: true, status: true, code: true } };

/**
 * One contract for each method of a route whose calls are about resources with `rules`: the same data as a document's, made of one that says nothing
 * but whom each part is for. Contracts with faults must not be used.
 */
export function fieldContracts(terms: FieldTerms): RouteContracts {
  const { rules, request, response, methods, resource } = terms;
  const sent = request === null ? null : placed(rules, request, "write", terms.bodyIds);
  const answered = response === null ? null : placed(rules, response, "read", []);
  const whole = placed(rules, { at: "", beside: [] }, "read", []);
  const faults = [sent, answered].flatMap((part) => (part === null ? [] : contradictions(part)));
  const isOne = response !== null && !response.at.includes("*") && resource !== null && resource.reading.ids.length > 0;
  const mark = isOne ? null : { type: rules.type, id: rules.id };
  const answer = answered === null ? null : fieldSchema(answered, { use: "read", unlisted: rules.unlisted.read, mark });
  const body = sent === null ? null : fieldSchema(sent, { use: "write", unlisted: rules.unlisted.write, mark: null });
  const responses = answer === null ? { default: { content: UNCHECKED } } : responsesWith(answer);
  const operations = methods.map((method) => {
    const requestBody = BODILESS.has(method) ? {} : { requestBody: bodyOf(method, body, terms.takesJson) };
    return [method.toLowerCase(), { ...requestBody, responses }] as const;
  });
  const read = {
    get: { responses: responsesWith(fieldSchema(whole, { use: "read", unlisted: rules.unlisted.read, mark: null })) },
  };
  const document = new LocalDocument({ paths: { "/": Object.fromEntries(operations), "/read": read } });
  const readWhole = readOperation(document, "/read", "get", faults);
  const bounds = boundsOf(terms);
  const byMethod = new Map<string, Contract>();
  for (const method of methods) {
    const operation = readOperation(document, "/", method.toLowerCase(), faults);
    if (operation !== null) byMethod.set(method, contractOf(method, operation, readWhole, resource, bounds));
  }
  return { byMethod, faults };
}

/** What is said of a whole body or response: of the resources at `place`, and of what is beside them. */
function placed(rules: FieldRules, { at, beside }: FieldPlace, use: FieldUse, open: readonly string[]): FieldPart {
  const root = emptyPart("");
  const part = partAt(root, stepsOf(at));
  part.isResource = true;
  sayAll(part, rules.properties);
  for (const pointer of [...beside, ...open]) {
    const one = partAt(root, stepsOf(pointer));
    one.said = { ...one.said, [use]: "anyone" };
  }
  return root;
}

function stepsOf(pointer: string): readonly string[] {
  return pointer === "" ? [] : (parseJsonPointer(pointer) ?? []);
}

function responsesWith(schema: unknown) {
  return {
    "2XX": { content: { "application/json": { schema }, [ANY_JSON]: { schema } } },
    default: { content: { "application/problem+json": { schema: PROBLEM } } },
  };
}

/** Types that are not named are refused: nobody would look into them. */
function bodyOf(method: string, schema: unknown, takesJson: boolean) {
  const json = { "application/json": { schema: schema ?? true } };
  if (schema === null) return { content: takesJson ? json : UNCHECKED };
  const merge = method === "PATCH" ? { "application/merge-patch+json": { schema } } : {};
  // Without a body a PUT could replace what is restricted.
  return { required: method === "PUT", content: { ...json, ...merge } };
}

function boundsOf({ unwritable, leftOut, maxResponseBytes, maxDepth, request, response }: FieldTerms) {
  return {
    unwritable,
    leftOut,
    maxResponseBytes,
    maxDepth,
    pathIndexes: new Map<string, number>(),
    resourceDepth: stepsOf(request?.at ?? "").length,
    unknownQuery: "pass",
    responses: response === null ? "report" : "enforce",
  } as const;
}
