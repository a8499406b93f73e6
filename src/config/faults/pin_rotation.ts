import type { ConfigFault } from "../fault.ts";
import type { Config, PinSetConfig } from "../schema.ts";

type PinConfig = PinSetConfig["pins"][number];

/** What is wrong with how the pins of each set follow each other, for those who plan it: a gate takes each in its time, and none out of it. */
export function pinRotationFaults({ gateway }: Pick<Config, "gateway">): ConfigFault[] {
  return Object.entries(gateway.pins).flatMap(([name, set]) => rotationFaultsOf(set, `gateway.pins.${name}`));
}

/**
 * A rotation that works has both pins taken for a while, each in its turn; and a backup that outlives the last of them.
 */
function rotationFaultsOf({ pins }: PinSetConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  for (const [index, { from, until }] of pins.entries()) {
    if (Date.parse(until) <= Date.parse(from)) {
      faults.push({ path: `${path}.pins[${index}].until`, reason: "must lie after `from`" });
    }
  }
  if (faults.length > 0) return faults;
  const inTurn = pins.filter((pin) => !pin.backup).toSorted((a, b) => fromOf(a) - fromOf(b));
  const backups = pins.filter((pin) => pin.backup);
  const last = inTurn.at(-1);
  if (last === undefined) faults.push({ path: `${path}.pins`, reason: "are backups alone: one has to be for use" });
  if (backups.length === 0)
    faults.push({ path: `${path}.pins`, reason: "lack a backup, for when the one in use is lost" });
  if (last === undefined || backups.length === 0) return faults;
  for (const [index, next] of inTurn.entries()) {
    const before = inTurn[index - 1];
    if (before !== undefined) faults.push(...turnFaults(before, next, `${path}.pins[${pins.indexOf(next)}]`));
  }
  const isCovered = backups.some((pin) => fromOf(pin) < untilOf(last) && untilOf(pin) > untilOf(last));
  if (!isCovered) faults.push({ path: `${path}.pins`, reason: "lack a backup that is good when the last one ends" });
  return faults;
}

/** Two pins that follow each other: their times overlap, and neither lies within the other's. */
function turnFaults(before: PinConfig, next: PinConfig, path: string): ConfigFault[] {
  if (untilOf(next) <= untilOf(before)) {
    return [{ path: `${path}.until`, reason: "must lie after the end of the pin that it follows" }];
  }
  const leavesTime = fromOf(next) < untilOf(before);
  return leavesTime ? [] : [{ path: `${path}.from`, reason: "must lie before the end of the pin that it follows" }];
}

/**
 * What time has done to the pins by `nowMs`. For people who can mend it: a Worker that starts with such a set goes on and refuses who
 * comes with an ended pin, for it must not fail everybody else.
 */
export function endedPinFaults({ gateway }: Pick<Config, "gateway">, nowMs: number): ConfigFault[] {
  return Object.entries(gateway.pins).flatMap(([name, { pins }]) => {
    const path = `gateway.pins.${name}.pins`;
    const alive = pins.filter((pin) => untilOf(pin) > nowMs);
    if (alive.length === 0) return [{ path, reason: "have all ended" }];
    if (alive.every((pin) => pin.backup))
      return [{ path, reason: "have ended but for the backup: plan the next ones" }];
    return alive.some((pin) => fromOf(pin) <= nowMs) ? [] : [{ path, reason: "have none that is good now" }];
  });
}

function fromOf({ from }: PinConfig): number {
  return Date.parse(from);
}

function untilOf({ until }: PinConfig): number {
  return Date.parse(until);
}
