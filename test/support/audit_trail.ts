import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import type { Environment } from "../../src/bindings.ts";
import { consumeAudit } from "../../src/compose/audit.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { type AuditEvent, type DecisionEvent, decisionEvent } from "../../src/protocol/audit_event.ts";
import { newApiKeyId } from "../../src/protocol/ids.ts";
import { gatewayConfig } from "./gateway_config.ts";

/** The queue in memory: what was sent, and how sending goes. */
export interface MemoryQueue {
  readonly binding: Queue<unknown>;
  /** What it took, in the form in which it travels. */
  readonly events: AuditEvent[];
  health: "well" | "failing" | "silent" | "takes and says nothing";
  /** Calls, whatever came of them. */
  calls: number;
}

export function memoryQueue(): MemoryQueue {
  const state: Omit<MemoryQueue, "binding"> = { events: [], health: "well", calls: 0 };
  const send = async (message: unknown) => {
    state.calls += 1;
    if (state.health === "failing") throw new Error("the queue is broken by the test");
    if (state.health !== "silent") state.events.push(JSON.parse(JSON.stringify(message)));
    if (state.health !== "well") await new Promise(() => undefined);
  };
  return Object.assign(state, { binding: { send } as unknown as Queue<unknown> });
}

type RouteInput = ConfigInput["routes"][number];

/** The test installation with `audit` for the route `path`, and what `gateway` says of it. */
export function auditedConfig(
  audits: Readonly<Record<string, RouteInput["audit"]>>,
  gateway: ConfigInput["gateway"]["audit"] = {},
): ConfigInput {
  const config = gatewayConfig();
  return {
    ...config,
    gateway: { ...config.gateway, audit: gateway },
    routes: config.routes.map((route) => ({ ...route, audit: audits[route.path] ?? "none" })),
  };
}

/** A decision about a call that nobody made. */
export function someDecision(changes: Partial<DecisionEvent> = {}): DecisionEvent {
  const key = newApiKeyId(platformRandom);
  return decisionEvent({
    kind: "decision",
    atMs: Date.now(),
    requestId: crypto.randomUUID(),
    actor: { kind: "api_key", id: key, issuer: null, clientId: null, credentialId: key, address: "192.0.2.7" },
    action: "GET",
    target: "/orders",
    route: "GET /orders",
    outcome: "allowed",
    status: 200,
    reason: null,
    rules: [],
    configHash: null,
    ...changes,
  });
}

/** A message as a queue delivers it. */
export function message(body: unknown, id = crypto.randomUUID(), attempts = 1) {
  return { id, timestamp: new Date(), attempts, body };
}

/** Has the consumer take a batch in, and tells what the queue is told of it. */
export async function deliver(
  messages: readonly ReturnType<typeof message>[],
  env: Environment,
  queue = "sallyport-audit",
) {
  const batch = createMessageBatch(queue, [...messages]);
  await consumeAudit(batch, env);
  const { explicitAcks, retryMessages, ackAll } = await getQueueResult(batch, createExecutionContext());
  return { acked: explicitAcks, retried: retryMessages, ackAll };
}
