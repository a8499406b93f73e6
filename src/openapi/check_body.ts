import { type ExactJson, type JsonFault, readExactJson } from "../kernel/exact_json.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { queryPairs } from "../policy/query_pairs.ts";
import type { BodyShape } from "./body_shape.ts";
import { type InputFault, inputFault } from "./check_parameters.ts";
import type { Contract } from "./contract.ts";
import { Judge, TooComplex } from "./judge.ts";
import { entryFor, readMediaType } from "./media_types.ts";
import { formValue } from "./parameter_value.ts";
import type { SchemaNode } from "./schema_node.ts";

/** What a body has to be, or that the operation takes none of its type. */
export function requestBodyShape(
  { operation }: Contract,
  contentType: string | null,
  contentEncoding: string | null,
): Result<BodyShape, "unsupported_media_type"> {
  const type = readMediaType(contentType);
  const shape = type.ok ? entryFor(operation.body?.byType ?? new Map<string, BodyShape>(), type.value.name) : undefined;
  if (!type.ok || shape === undefined) return err("unsupported_media_type");
  if (shape.node === null) return ok(shape);
  // Other bytes than those that are looked at would be read at the origin.
  const isPlain = (contentEncoding ?? "identity").trim().toLowerCase() === "identity";
  const isUtf8 = type.value.charset === null || /^utf-?8$/.test(type.value.charset);
  return isPlain && isUtf8 ? ok(shape) : err("unsupported_media_type");
}

/** What is wrong with a body of `shape` with the text `text` (null where it is no UTF-8); empty where nothing is. */
export function checkBody(
  { kind, node }: BodyShape,
  text: string | null,
  { maxDepth }: Contract,
): readonly InputFault[] {
  if (node === null) return [];
  if (text === null) return [inputFault("body", "", "not_text", "is not UTF-8")];
  if (kind === "form") return checkForm(text, node);
  const read = readExactJson(text, { maxDepth, strict: true });
  if (!read.ok) return [jsonFault(read.error)];
  return judged(node, read.value, text.length);
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

function checkForm(text: string, node: SchemaNode): readonly InputFault[] {
  const pairs = queryPairs(text);
  if (pairs === null) return [inputFault("body", "", "form", "is no form with one reading")];
  const read = formValue(pairs, node);
  if (read === null) return [];
  if ("unread" in read) return [inputFault("body", "", read.unread.keyword, read.unread.detail)];
  return judged(node, read.value, text.length);
}

function judged(node: SchemaNode, value: ExactJson, size: number): readonly InputFault[] {
  const judge = new Judge(size);
  try {
    judge.fits(node, value);
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
    return [inputFault("body", "", "too_complex", "takes too much work to check")];
  }
  return judge.faults.map((fault) => ({ ...fault, in: "body" }));
}
