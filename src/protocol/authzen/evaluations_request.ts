import { err, ok, type Result } from "../../kernel/result.ts";
import { isJsonObject } from "../../kernel/strict_json.ts";
import {
  type JsonObject,
  malformed,
  own,
  type Question,
  type QuestionFault,
  readObject,
  readQuestion,
} from "./question.ts";

/** How far a list of evaluations is gone through (§7.1.2.1). */
export const SEMANTICS = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"] as const;
export type Semantic = (typeof SEMANTICS)[number];

/** An access evaluations request (§7.1). */
export type EvaluationsRequest =
  /** Without a list it is a request for one evaluation. */
  | { readonly kind: "one"; readonly question: Question }
  /** Each in its place, also those that cannot be read: those are denied, and the rest is answered (§7.2.1). */
  | {
      readonly kind: "several";
      readonly semantic: Semantic;
      readonly questions: readonly Result<Question, QuestionFault>[];
    };

export type EvaluationsFault = QuestionFault | { readonly member: "evaluations"; readonly fault: "too_many" };

/** The members that stand for those which an evaluation leaves out (§7.1.1). */
const DEFAULTED = ["subject", "action", "resource", "context"] as const;

/**
 * Reads `request` with at most `maxEvaluations`. An evaluation takes over whole members alone: one that says anything of a member replaces it.
 * A default that every evaluation replaces may be anything.
 */
export function readEvaluations(
  request: JsonObject,
  maxEvaluations: number,
): Result<EvaluationsRequest, EvaluationsFault> {
  const semantic = readSemantic(request);
  if (!semantic.ok) return semantic;
  const evaluations = own(request, "evaluations") ?? [];
  if (!Array.isArray(evaluations) || own(request, "evaluations") === null) return malformed("evaluations");
  if (evaluations.length === 0) {
    const question = readQuestion(request);
    return question.ok ? ok({ kind: "one", question: question.value }) : question;
  }
  if (evaluations.length > maxEvaluations) return err({ member: "evaluations", fault: "too_many" });
  const questions = evaluations.map((evaluation: unknown) => readEvaluation(evaluation, request));
  return ok({ kind: "several", semantic: semantic.value, questions });
}

function readEvaluation(evaluation: unknown, defaults: JsonObject): Result<Question, QuestionFault> {
  if (!isJsonObject(evaluation)) return malformed("evaluation");
  const parts: Record<string, unknown> = {};
  for (const name of DEFAULTED) {
    const value = own(Object.hasOwn(evaluation, name) ? evaluation : defaults, name);
    if (value !== undefined) parts[name] = value;
  }
  return readQuestion(parts);
}

function readSemantic(request: JsonObject): Result<Semantic, QuestionFault> {
  const options = readObject(request, "options");
  if (!options.ok) return options;
  const written = own(options.value, "evaluations_semantic") ?? "execute_all";
  const semantic = SEMANTICS.find((name) => name === written);
  const isNull = own(options.value, "evaluations_semantic") === null;
  return semantic === undefined || isNull ? malformed("options.evaluations_semantic") : ok(semantic);
}
