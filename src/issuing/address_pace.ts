import { LocalPace } from "../limits/local_pace.ts";
import { widerNetworks } from "../protocol/address_networks.ts";

/**
 * A pace for each address, and for the wider networks that it lies in, in this isolate's memory alone. The address is asked first: who is
 * over its own takes nothing of its neighbours'. What it gave where a network refuses stays taken: the strict side.
 */
export class AddressPace {
  readonly #perMinute: number;
  /** By how many times that of an address they are. */
  readonly #paces = new Map<number, LocalPace>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Takes one of what `address` (a unit: /32, /64) and its networks have; otherwise whole seconds to wait. */
  take(address: string, nowMs: number): number {
    for (const { network, times } of [{ network: address, times: 1 }, ...widerNetworks(address)]) {
      const waitSeconds = this.#paceOf(times).take(network, nowMs);
      if (waitSeconds > 0) return waitSeconds;
    }
    return 0;
  }

  #paceOf(times: number): LocalPace {
    const pace = this.#paces.get(times) ?? new LocalPace(this.#perMinute * times);
    this.#paces.set(times, pace);
    return pace;
  }
}
