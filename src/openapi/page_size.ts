import { err, ok, type Result } from "../kernel/result.ts";
import { lenientName } from "../policy/lenient_name.ts";
import { decodedText, lenientReadings, queryPairs } from "../policy/query_pairs.ts";
import { type InputFault, inputFault } from "./check_parameters.ts";

/** How much of a list one call may ask for. */
export interface PageSize {
  /** The query's parameter that says how many items. */
  readonly parameter: string;
  readonly max: number;
  /** What becomes of more: a refusal, or the maximum in its place. */
  readonly over: "refuse" | "clamp";
  /** What is asked for where the caller says nothing; null leaves that to the origin. */
  readonly whenAbsent: number | null;
}

/**
 * The query (with its `?`) that goes on to the origin: the caller's own, byte for byte, but for the size of the page. A size that is
 * no plain number, is there twice or is spelled in another way is refused: some server would take it for another.
 */
export function capPageSize(search: string, cap: PageSize): Result<string, InputFault> {
  const { parameter, max, over, whenAbsent } = cap;
  const fault = (keyword: string, detail: string) => err(inputFault("query", parameter, keyword, detail));
  const pairs = queryPairs(search.slice(1));
  if (pairs === null) return fault("query", "has several readings: encode `;`, and send valid UTF-8");
  const meant = pairs.filter(({ name }) => lenientReadings(name).includes(lenientName(parameter)));
  const [size, ...others] = meant;
  if (size === undefined) return ok(whenAbsent === null ? search : withPair(search, parameter, whenAbsent));
  if (others.length > 0) return fault("repeated", "is there more than once");
  if (size.name !== parameter) return fault("unknown", `must be spelled \`${parameter}\``);
  if (!/^(?:0|[1-9]\d{0,8})$/.test(size.value)) return fault("type", "must be a plain number");
  if (Number(size.value) <= max) return ok(search);
  return over === "refuse" ? fault("maximum", `must be at most ${max}`) : ok(replaced(search, parameter, max));
}

function withPair(search: string, parameter: string, size: number): string {
  const pair = `${encodeURIComponent(parameter)}=${size}`;
  return search === "" || search === "?" ? `?${pair}` : `${search}&${pair}`;
}

function replaced(search: string, parameter: string, size: number): string {
  const parts = search.slice(1).split("&");
  const named = (part: string) => decodedText(part.split("=", 1)[0] ?? "") === parameter;
  return `?${parts.map((part) => (named(part) ? `${encodeURIComponent(parameter)}=${size}` : part)).join("&")}`;
}
