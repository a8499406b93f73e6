import type { Result } from "../kernel/result.ts";
import { type CompiledConfig, compileConfig } from "./compile.ts";
import type { ConfigFault } from "./fault.ts";
import { auditFaults } from "./faults/audit.ts";
import { deadActionFaults } from "./faults/dead_action.ts";
import { idlePolicyFaults } from "./faults/idle_policy.ts";
import { outboundFaults } from "./faults/outbound.ts";
import { endedPinFaults, pinRotationFaults } from "./faults/pin_rotation.ts";
import { relationFaults } from "./faults/relation.ts";
import { stepUpFaults } from "./faults/step_up.ts";
import { unreachableRouteFaults } from "./faults/unreachable_route.ts";
import { unsuppliedFaults } from "./faults/unsupplied.ts";
import { unusedFaults } from "./faults/unused.ts";

/**
 * Validates `input` for whoever writes or publishes it, and for a Worker that does: all that `compileConfig` tells; what relations mean, which a gate has
 * no part in; and what nobody can mean, but that opens nothing to anybody: what is declared for nothing, said without effect, met by nobody, or planned
 * badly. A name of nothing and a contradiction are never among that, and neither is what a gate would read as less than was said: see
 * `compileConfig`. With `nowMs`, what has ended by then is a fault as well: a configuration must not go bad by itself once it runs.
 */
export function judgeConfig(
  input: unknown,
  nowMs: number | null = null,
): Result<CompiledConfig, readonly ConfigFault[]> {
  return compileConfig(input, (config) => [
    ...relationFaults(config),
    ...deadActionFaults(config),
    ...unreachableRouteFaults(config),
    ...unsuppliedFaults(config),
    ...idlePolicyFaults(config),
    ...stepUpFaults(config),
    ...pinRotationFaults(config),
    ...auditFaults(config),
    ...unusedFaults(config),
    ...outboundFaults(config),
    ...(nowMs === null ? [] : endedPinFaults(config, nowMs)),
  ]);
}
