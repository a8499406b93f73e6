import type { Result } from "../kernel/result.ts";
import { auditFaults } from "./audit_faults.ts";
import { type CompiledConfig, compileConfig } from "./compile.ts";
import { deadActionFaults } from "./dead_action_faults.ts";
import type { ConfigFault } from "./fault.ts";
import { idlePolicyFaults } from "./idle_policy_faults.ts";
import { outboundFaults } from "./outbound_faults.ts";
import { endedPinFaults, pinRotationFaults } from "./pin_rotation_faults.ts";
import { relationFaults } from "./relation_faults.ts";
import { stepUpFaults } from "./step_up_faults.ts";
import { unreachableRouteFaults } from "./unreachable_route_faults.ts";
import { unsuppliedFaults } from "./unsupplied_faults.ts";
import { unusedFaults } from "./unused_faults.ts";

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
