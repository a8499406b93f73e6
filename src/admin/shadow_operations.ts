import { endShadow, putInShadow } from "../managing/shadow_config.ts";
import type { ListPosition } from "../ports/clients.ts";
import { changed, parsePosition, shown, shownPage } from "./answers.ts";
import { MAX_PUBLISH_BYTES, versionName } from "./config_operations.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";
import {
  shadowBody,
  shadowListShape,
  shadowQuery,
  shadowResetQuery,
  shadowResetShape,
  shadowVersionShape,
  showDifference,
  showShadowRun,
  showShadowVersion,
} from "./shadow_shapes.ts";

const list = operation({
  id: "list_shadow_differences",
  method: "GET",
  path: "/shadow",
  summary: "List where what is in shadow decides otherwise than what runs",
  status: 200,
  answer: shadowListShape,
  faults: [],
  body: NO_BODY,
  query: shadowQuery,
  async handle({ query }, { shadow: { versions, records } }) {
    const { tried = null, route = null, rule = null, live = null, shadow = null } = query;
    const filter = { tried, route, rule, live, shadow };
    const page = await shownPage(
      query,
      parsePosition,
      async (limit: number, after: ListPosition | null) =>
        (await records.list(limit, after === null ? 0 : Number(after.id), filter)).map(({ id, ...difference }) => ({
          difference,
          id: String(id),
          createdAtMs: 0,
        })),
      ({ difference }) => showDifference(difference),
    );
    if (!page.ok) return page;
    const current = await versions.current();
    const runs = await records.runs();
    return shown({
      current: current === null ? null : showShadowVersion(current),
      runs: runs.map(showShadowRun),
      ...page.value.body,
    });
  },
});

const put = operation({
  id: "put_in_shadow",
  method: "PUT",
  path: "/shadow",
  summary: "Have gates decide by a configuration beside the one that runs, and tell where the two differ",
  status: 200,
  answer: shadowVersionShape,
  faults: ["config_invalid", "conflict"],
  isRecordedFirst: true,
  body: { schema: shadowBody, presence: "required", maxBytes: MAX_PUBLISH_BYTES },
  query: NO_QUERY,
  async handle({ body: { config, parent = null, note }, actor, nowMs }, managed) {
    return changed(
      await putInShadow(config, { actor: actor.clientId, note, parent }, managed, nowMs),
      versionName,
      showShadowVersion,
    );
  },
});

const end = operation({
  id: "end_shadow",
  method: "DELETE",
  path: "/shadow",
  summary: "Take what is in shadow out of it; what was counted stays",
  status: 200,
  answer: shadowVersionShape,
  faults: ["conflict"],
  isRecordedFirst: true,
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ actor, nowMs }, managed) {
    const act = { actor: actor.clientId, note: "", parent: null };
    return changed(await endShadow(act, managed, nowMs), versionName, showShadowVersion);
  },
});

const reset = operation({
  id: "reset_shadow_differences",
  method: "DELETE",
  path: "/shadow/differences",
  summary: "Forget what was counted",
  status: 200,
  answer: shadowResetShape,
  faults: [],
  body: NO_BODY,
  query: shadowResetQuery,
  async handle({ query: { tried = null } }, { shadow: { records } }) {
    const forgotten = await records.reset(tried);
    return { ok: true, value: { body: { forgotten }, objectId: tried, progress: "announced" } };
  },
});

export const shadowOperations: readonly Operation[] = [list, put, end, reset];
