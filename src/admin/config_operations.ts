import { err } from "../kernel/result.ts";
import type { ConfigManagement } from "../managing/config_management.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { publishConfig, rollBackConfig } from "../managing/publish_config.ts";
import type { ListPosition } from "../ports/clients.ts";
import { BUNDLED } from "../protocol/edge_feed.ts";
import { changed, parsePosition, pathId, shown, shownPage } from "./answers.ts";
import {
  configShape,
  configSnapshotShape,
  configVersionListShape,
  configVersionShape,
  parseConfigHash,
  publishBody,
  rollbackBody,
  showConfigVersion,
} from "./config_shapes.ts";
import { pageQuery } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

/** A snapshot of the largest size, as any writer of JSON spells it, with what stands around it. */
export const MAX_PUBLISH_BYTES = 2 * 1024 * 1024;

const read = operation({
  id: "read_config",
  method: "GET",
  path: "/config",
  summary: "Read which configuration runs, and whether another one was deployed since",
  status: 200,
  answer: configShape,
  faults: [],
  body: NO_BODY,
  query: NO_QUERY,
  handle: async (_call, { configs }) => shown(await showConfig(configs)),
});

const publish = operation({
  id: "publish_config",
  method: "POST",
  path: "/config",
  summary: "Publish a configuration: every gate runs it within seconds",
  status: 200,
  answer: configVersionShape,
  faults: ["config_invalid", "conflict"],
  isRecordedFirst: true,
  body: { schema: publishBody, presence: "required", maxBytes: MAX_PUBLISH_BYTES },
  query: NO_QUERY,
  async handle({ body: { config, parent, note }, actor, nowMs }, { configs }) {
    const act = { actor: actor.clientId, note, parent };
    return changed(await publishConfig(config, act, configs, nowMs), versionName, showConfigVersion);
  },
});

const rollBack = operation({
  id: "roll_back_config",
  method: "POST",
  path: "/config/rollback",
  summary: "Go back to what ran before",
  status: 200,
  answer: configVersionShape,
  faults: ["config_invalid", "conflict", "not_found"],
  isRecordedFirst: true,
  body: { schema: rollbackBody, presence: "required" },
  query: NO_QUERY,
  async handle({ body: { to = null, parent = null, note }, actor, nowMs }, { configs }) {
    const act = { actor: actor.clientId, note, parent };
    return changed(await rollBackConfig(to, act, configs, nowMs), versionName, showConfigVersion);
  },
});

const list = operation({
  id: "list_config_versions",
  method: "GET",
  path: "/config/versions",
  summary: "List what was published and gone back to, the newest first",
  status: 200,
  answer: configVersionListShape,
  faults: [],
  body: NO_BODY,
  query: pageQuery,
  handle({ query }, { configs: { versions } }) {
    const page = async (limit: number, after: ListPosition | null) =>
      (await versions.list(limit, after === null ? null : Number(after.id))).map((version) => ({
        ...version,
        id: String(version.version),
      }));
    return shownPage(query, parsePosition, page, showConfigVersion);
  },
});

const readSnapshot = operation({
  id: "read_config_snapshot",
  method: "GET",
  path: "/config/snapshots/{hash}",
  summary: "Read a configuration by its hash, or the one that was deployed as `bundled`",
  status: 200,
  answer: configSnapshotShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params }, { configs }) {
    const hash = pathId(params.hash, parseConfigHash);
    if (!hash.ok) return hash;
    const bundled = hash.value === BUNDLED ? await configs.bundled() : null;
    const text = bundled === null ? await configs.versions.snapshot(hash.value) : bundled.text;
    if (text === null) return err(NOT_FOUND);
    return shown({ hash: bundled?.hash ?? hash.value, config: JSON.parse(text) });
  },
});

async function showConfig(configs: ConfigManagement) {
  const current = await configs.versions.current();
  const running = configs.running();
  const { hash: bundle } = await configs.bundled();
  return {
    current: current === null ? null : showConfigVersion(current),
    running: running === null ? null : { version: running.version, hash: running.hash },
    in_step: running !== null && running.version === (current?.version ?? 0),
    bundle,
    drift: current !== null && ![BUNDLED, bundle].includes(current.hash) && current.bundle !== bundle,
  };
}

/** What an act on a version is about, in the audit trail. */
export function versionName({ version, hash }: { readonly version: number; readonly hash: string }): string {
  return `${version}:${hash}`;
}

export const configOperations: readonly Operation[] = [read, publish, rollBack, list, readSnapshot];
