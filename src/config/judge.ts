import type { Result } from "../kernel/result.ts";
import { type CompiledConfig, compileConfig } from "./compile.ts";
import { deadActionFaults } from "./dead_action_faults.ts";
import type { ConfigFault } from "./fault.ts";
import { endedPinFaults } from "./pin_faults.ts";
import { relationFaults } from "./relation_faults.ts";

/**
 * Validates `input` for whoever writes or publishes it: all that `compileConfig` tells, and what a gate has no part in. With `nowMs`, what
 * has ended by then is a fault as well: a configuration must not go bad by itself once it runs.
 */
export function judgeConfig(
  input: unknown,
  nowMs: number | null = null,
): Result<CompiledConfig, readonly ConfigFault[]> {
  return compileConfig(input, (config) => [
    ...relationFaults(config),
    ...deadActionFaults(config),
    ...(nowMs === null ? [] : endedPinFaults(config, nowMs)),
  ]);
}
