import { err } from "../kernel/result.ts";
import { invalidFields } from "../managing/management.ts";
import { explainBody, explanationShape, readQuestion, showExplanation } from "./explain_shapes.ts";
import { NO_QUERY, type Operation, operation } from "./operation.ts";

const MAX_QUESTION_BYTES = 256 * 1024;

const explain = operation({
  id: "explain",
  method: "POST",
  path: "/explain",
  summary: "Explain what would be decided, and why: a call of the gateway, or an action on a resource",
  status: 200,
  answer: explanationShape,
  faults: ["not_found", "config_invalid"],
  // Nothing changes; but what it shows is about others, so that the record has who asked.
  isRecordedFirst: true,
  isWatched: true,
  body: { schema: explainBody, presence: "required", maxBytes: MAX_QUESTION_BYTES },
  query: NO_QUERY,
  async handle({ body: { config = null, ...question }, nowMs }, { explainers }) {
    const explainer = await explainers(config, nowMs);
    if (!explainer.ok) return explainer;
    const explained = await explainer.value.explain(readQuestion(question), nowMs, ignore);
    if (!explained.ok) return err(invalidFields(explained.error));
    return { ok: true, value: { body: showExplanation(explained.value), objectId: null, progress: "unchanged" } };
  },
});

/** Nothing that an explanation asks goes on behind it. */
function ignore(work: Promise<unknown>): void {
  work.catch(() => undefined);
}

export const explainOperations: readonly Operation[] = [explain];
