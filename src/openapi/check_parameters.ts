import { lenientName } from "../policy/lenient_name.ts";
import { lenientReadings, type QueryPair, queryPairs } from "../policy/query_pairs.ts";
import type { Contract } from "./contract.ts";
import { Judge, MAX_FAULTS, TooComplex, type ValueFault } from "./judge.ts";
import type { Parameter } from "./parameter.ts";
import { deepMember, plainValue, queryValue, type ReadValue } from "./parameter_value.ts";

/** One thing wrong with a request: where, and what. */
export interface InputFault extends ValueFault {
  readonly in: "path" | "query" | "header" | "body";
}

/** What of a request its parameters are read from. */
export interface ParameterSource {
  /** Decoded segments of the path. */
  readonly segments: readonly string[];
  /** The query with its `?`, or the empty string. */
  readonly search: string;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | null;
}

/** What is wrong with the parameters of a request; empty where nothing is. At most `MAX_FAULTS`. */
export function checkParameters(contract: Contract, source: ParameterSource): readonly InputFault[] {
  const pairs = queryPairs(source.search.slice(1));
  if (pairs === null)
    return [inputFault("query", "", "query", "has several readings: encode `;`, and send valid UTF-8")];
  const { parameters } = contract.operation;
  const faults = parameters.flatMap((parameter) => parameterFaults(parameter, contract, source, pairs));
  return [...faults, ...strayFaults(contract, pairs)].slice(0, MAX_FAULTS);
}

function parameterFaults(
  parameter: Parameter,
  contract: Contract,
  source: ParameterSource,
  pairs: readonly QueryPair[],
): InputFault[] {
  const { name, place, isRequired, node } = parameter;
  const read = readParameterValue(parameter, contract, source, pairs);
  if (read === null) return isRequired ? [inputFault(place, name, "required", "is missing")] : [];
  if ("unread" in read) return [inputFault(place, name, read.unread.keyword, read.unread.detail)];
  const judge = new Judge(source.search.length + 1_000);
  try {
    judge.partFits(name, true, node, read.value);
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
    return [inputFault(place, name, "too_complex", "takes too much work to check")];
  }
  return judge.faults.map((fault) => ({ ...fault, in: place }));
}

function readParameterValue(
  parameter: Parameter,
  { pathIndexes }: Contract,
  { segments, header }: ParameterSource,
  pairs: readonly QueryPair[],
): ReadValue {
  const { name, place } = parameter;
  switch (place) {
    case "path":
      return plainValue(parameter, segments[pathIndexes.get(name) ?? -1] ?? "");
    case "header": {
      const value = header(name);
      return value === null ? null : plainValue(parameter, value);
    }
    case "query":
      return queryValue(
        parameter,
        pairs.filter((pair) => belongsTo(parameter, pair.name)),
      );
  }
}

function belongsTo({ name, form }: Parameter, pairName: string): boolean {
  return form.kind === "deep_object" ? deepMember(pairName, name) !== null : pairName === name;
}

/** Parameters that the operation does not have, and other spellings of those that it has. */
function strayFaults({ operation, unknownQuery }: Contract, pairs: readonly QueryPair[]): InputFault[] {
  const declared = operation.parameters.filter(({ place }) => place === "query");
  const lenient = new Set(declared.map(({ name }) => lenientName(name)));
  const strays = new Set(pairs.map(({ name }) => name).filter((name) => !declared.some((one) => belongsTo(one, name))));
  return [...strays].flatMap((name) => {
    const isMisspelt = lenientReadings(name).some((reading) => lenient.has(reading));
    if (unknownQuery === "pass" && !isMisspelt) return [];
    const detail = isMisspelt ? "is another spelling of a known parameter" : "is not a known parameter";
    return [{ ...inputFault("query", name, "unknown", detail), loggedPointer: "/*" }];
  });
}

/** A fault at the part called `name`, or at the whole where that is empty. */
export function inputFault(place: InputFault["in"], name: string, keyword: string, detail: string): InputFault {
  const step = name.slice(0, 64).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1");
  const pointer = name === "" ? "" : `/${step}`;
  return { in: place, pointer, loggedPointer: pointer, keyword, detail };
}
