import { readExactJson, writeExactJson } from "../kernel/exact_json.ts";
import type { FieldQuestion, FieldRights } from "../policy/field_grants.ts";
import type { Contract } from "./contract.ts";
import { shownTo } from "./hide.ts";
import { Judge, TooComplex, type ValueFault } from "./judge.ts";
import type { ResponseShape } from "./response_shape.ts";
import type { SchemaNode } from "./schema_node.ts";

/** What becomes of a response's JSON. */
export type CheckedText =
  /** `text` is null where the original may pass, byte for byte. */
  | { readonly kind: "shown"; readonly text: string | null; readonly faults: readonly ValueFault[] }
  | { readonly kind: "withheld"; readonly faults: readonly ValueFault[] }
  /** What has to be known before. */
  | { readonly kind: "wants"; readonly questions: readonly FieldQuestion[] };

/** Who gets a response. */
export interface ResponseViewer {
  readonly rights: FieldRights;
  /** Whether something that may be in it is kept from them. */
  readonly isPartial: boolean;
}

/**
 * Judges and filters the text of a response (null where it is no UTF-8). Where responses are only reported, what does not
 * fit passes all the same: as it is where the document hides nothing there, else filtered, and withheld where it cannot be
 * looked into.
 */
export function checkResponseText(
  node: SchemaNode,
  text: string | null,
  { responses, maxDepth }: Contract,
  { hides }: ResponseShape,
  { rights, isPartial }: ResponseViewer,
): CheckedText {
  const isReport = responses === "report";
  const unread = (keyword: string): CheckedText => {
    const faults = [responseFault(keyword)];
    return isReport && !hides ? { kind: "shown", text: null, faults } : { kind: "withheld", faults };
  };
  if (text === null) return unread("not_text");
  // What an origin answers it may round: a number is only spelled anew where something else is taken out.
  const read = readExactJson(text, { maxDepth, strict: false });
  if (!read.ok) return unread(read.error);
  const judge = new Judge(text.length);
  try {
    const isFitting = judge.fits(node, read.value);
    const { faults } = judge;
    if (!isFitting && !isReport) return { kind: "withheld", faults };
    if (isReport && !hides) return { kind: "shown", text: null, faults };
    const filter = new Judge(text.length);
    const shown = shownTo(node, read.value, { rights, judge: filter, isFitting });
    if (shown.kind === "wants") return shown;
    if (shown.kind === "nothing") return { kind: "withheld", faults };
    // Written anew also where nothing was taken out: else blanks would tell whether there was something to take out.
    return { kind: "shown", text: shown.changed || isPartial ? writeExactJson(shown.value) : null, faults };
  } catch (error) {
    if (error instanceof TooComplex) return unread("too_complex");
    throw error;
  }
}

/** A fault of a response as a whole. */
export function responseFault(keyword: string): ValueFault {
  return { pointer: "", loggedPointer: "", keyword, detail: "" };
}
