import type { Result } from "../../kernel/result.ts";
import type { Semantic } from "../../protocol/authzen/evaluations_request.ts";
import type { Question, QuestionFault } from "../../protocol/authzen/question.ts";
import type { Asking, DecisionPoint, Evaluation } from "./decision_point.ts";
import { evaluate } from "./evaluate.ts";

/** The answer to one of several questions, in its place: what could not be read is denied there. */
export type AnsweredQuestion =
  | { readonly question: Question; readonly evaluation: Evaluation }
  | { readonly fault: QuestionFault };

/**
 * The answers to `questions` as far as `semantic` goes through them (AuthZEN 1.0 §7.1.2.1): all of them at once, or one after another up
 * to the first that is denied or permitted. What cannot be read counts as denied. `unreached` as `evaluate`. Throws `Outage`.
 */
export async function evaluateSeveral(
  questions: readonly Result<Question, QuestionFault>[],
  semantic: Semantic,
  point: DecisionPoint,
  asking: Asking,
): Promise<readonly AnsweredQuestion[] | "unreached"> {
  if (semantic === "execute_all") return answerAll(questions, point, asking);
  const last = semantic === "permit_on_first_permit";
  const answered: AnsweredQuestion[] = [];
  for (const question of questions) {
    const answers = await answerAll([question], point, asking);
    if (answers === "unreached") return answers;
    answered.push(...answers);
    if (answers.some((answer) => isPermitted(answer) === last)) break;
  }
  return answered;
}

/** Whether it says yes. */
export function isPermitted(answer: AnsweredQuestion): boolean {
  return "evaluation" in answer && answer.evaluation.decision;
}

async function answerAll(
  questions: readonly Result<Question, QuestionFault>[],
  point: DecisionPoint,
  asking: Asking,
): Promise<readonly AnsweredQuestion[] | "unreached"> {
  const readable = questions.flatMap((question) => (question.ok ? [question.value] : []));
  const evaluations = await evaluate(readable, point, asking);
  if (evaluations === "unreached") return evaluations;
  let next = 0;
  return questions.map((question) => {
    if (!question.ok) return { fault: question.error };
    const evaluation = evaluations[next++];
    if (evaluation === undefined) throw new Error("a question without an answer");
    return { question: question.value, evaluation };
  });
}
