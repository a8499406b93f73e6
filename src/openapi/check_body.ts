import { cutMembers } from "../kernel/cut_members.ts";
import { type ExactJson, type JsonFault, readExactJson } from "../kernel/exact_json.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { FieldRights } from "../policy/field_grants.ts";
import { queryPairs } from "../policy/query_pairs.ts";
import type { RequestShape } from "./body_shape.ts";
import { type InputFault, inputFault } from "./check_parameters.ts";
import type { Contract } from "./contract.ts";
import { Judge, TooComplex, type ValueFault } from "./judge.ts";
import { entryFor, readMediaType } from "./media_types.ts";
import { formValue } from "./parameter_value.ts";
import type { SchemaNode } from "./schema_node.ts";
import { mayWrite, rightsToBody, unwritableIn } from "./unwritable.ts";

/** What a body has to be, or that the operation takes none of its type. */
export function requestBodyShape(
  { operation }: Contract,
  contentType: string | null,
  contentEncoding: string | null,
): Result<RequestShape, "unsupported_media_type"> {
  const type = readMediaType(contentType);
  const shape = type.ok
    ? entryFor(operation.body?.byType ?? new Map<string, RequestShape>(), type.value.name)
    : undefined;
  if (!type.ok || shape === undefined) return err("unsupported_media_type");
  if (shape.node === null) return ok(shape);
  // Other bytes than those that are looked at would be read at the origin.
  const isPlain = (contentEncoding ?? "identity").trim().toLowerCase() === "identity";
  const isUtf8 = type.value.charset === null || /^utf-?8$/.test(type.value.charset);
  return isPlain && isUtf8 ? ok(shape) : err("unsupported_media_type");
}

/** What becomes of a body. */
export interface CheckedBody {
  /** `unwritable`: it has what its sender may not write. `fits`: there are no errors. */
  readonly kind: "fits" | "invalid" | "unwritable";
  readonly errors: readonly InputFault[];
  /** What goes on in its place; null where it goes on as it came, byte for byte. */
  readonly text: string | null;
  /** What is not in that any more. */
  readonly dropped: readonly InputFault[];
}

/** By whom a body is sent. */
export interface BodySender {
  readonly rights: FieldRights;
  /** Whether the body is sealed by a digest or a signature: whoever changes it then breaks that. */
  readonly isSealed: boolean;
}

/**
 * Holds a body of `shape` with the text `text` (null where it is no UTF-8) to its schema. What its sender may not write comes first, or goes
 * first: the schema is tried on what is left.
 */
export function checkBody(
  { kind, node, restricts, hasReadOnly }: RequestShape,
  text: string | null,
  contract: Contract,
  sender: BodySender,
): CheckedBody {
  if (node === null) return AS_IT_CAME;
  if (text === null) return invalid("not_text", "is not UTF-8");
  const read = kind === "form" ? readForm(text, node) : readJson(text, contract);
  if (read === null) return AS_IT_CAME;
  if ("errors" in read) return read;
  const canDrop = contract.unwritable === "drop" && kind === "json" && !sender.isSealed;
  try {
    if (!restricts && !(canDrop && hasReadOnly)) return judged(node, read.value, new Judge(text.length), AS_IT_CAME);
    return checkRestricted(node, read.value, text, contract, rightsToBody(node, sender.rights), canDrop);
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
    return invalid("too_complex", "takes too much work to check");
  }
}

const AS_IT_CAME: CheckedBody = { kind: "fits", errors: [], text: null, dropped: [] };

/** A body with `errors`, if there are any. */
export function invalidBody(errors: readonly InputFault[]): CheckedBody {
  return errors.length === 0 ? AS_IT_CAME : { ...AS_IT_CAME, kind: "invalid", errors };
}

function checkRestricted(
  node: SchemaNode,
  value: ExactJson,
  text: string,
  { replacing, resourceDepth, maxDepth }: Contract,
  rights: FieldRights,
  drops: boolean,
): CheckedBody {
  const { faults, cuts, dropped } = unwritableIn(node, value, {
    rights,
    judge: new Judge(text.length),
    replacing,
    resourceDepth,
    drops,
  });
  if (faults.length > 0) return { ...AS_IT_CAME, kind: "unwritable", errors: inBody(faults) };
  const judge = new Judge(text.length, (demanded) => mayWrite(demanded, rights));
  if (cuts === null) return judged(node, value, judge, AS_IT_CAME);
  const left = cutMembers(text, cuts);
  const read = readExactJson(left, { maxDepth, strict: true });
  if (!read.ok) throw new Error(`what is left of a body is no JSON: ${read.error}`);
  return judged(node, read.value, judge, { ...AS_IT_CAME, text: left, dropped: inBody(dropped) });
}

function readJson(text: string, { maxDepth }: Contract): ReadBody {
  const read = readExactJson(text, { maxDepth, strict: true });
  return read.ok ? { value: read.value } : invalidBody([jsonFault(read.error)]);
}

/** A body as a value; null where there is nothing in it. */
type ReadBody = { readonly value: ExactJson } | CheckedBody | null;

function invalid(keyword: string, detail: string): CheckedBody {
  return invalidBody([inputFault("body", "", keyword, detail)]);
}

/** What is said of a body that is not read as JSON. */
export function jsonFault(fault: JsonFault): InputFault {
  return inputFault("body", "", fault, JSON_FAULTS[fault]);
}

/** Words for why JSON is not read. */
const JSON_FAULTS: Readonly<Record<JsonFault, string>> = {
  not_json: "is not JSON",
  duplicate_name: "has a member twice",
  too_deep: "is nested too deeply",
  number_too_long: "has a number with more digits than are kept",
  too_many_values: "has too many values",
  lone_surrogate: "has a text that is not Unicode",
};

function readForm(text: string, node: SchemaNode): ReadBody {
  const pairs = queryPairs(text);
  if (pairs === null) return invalid("form", "is no form with one reading");
  const read = formValue(pairs, node);
  return read !== null && "unread" in read ? invalid(read.unread.keyword, read.unread.detail) : read;
}

/** `fitting`, unless `value` does not fit. Throws `TooComplex`. */
function judged(node: SchemaNode, value: ExactJson, judge: Judge, fitting: CheckedBody): CheckedBody {
  judge.fits(node, value);
  return judge.faults.length === 0 ? fitting : invalidBody(inBody(judge.faults));
}

function inBody(faults: readonly ValueFault[]): InputFault[] {
  return faults.map((fault) => ({ ...fault, in: "body" }));
}
