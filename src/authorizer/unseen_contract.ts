import type { GateRoute } from "../access/gate.ts";
import { checkParameters, inputFault } from "../openapi/check_parameters.ts";
import { capPageSize } from "../openapi/page_size.ts";
import { contractFor, refusedCall } from "./contract_call.ts";
import type { Exchange } from "./exchange.ts";
import type { Forwarded } from "./forward.ts";

/**
 * What is wrong with a call on a route that looks into what is sent and answered, where somebody else carries the call out and nothing of it
 * can be changed: as far as that shows without its bodies, which the gate has found to be of no account. Null where it may go on.
 */
export function unseenContract(exchange: Exchange, route: GateRoute): Forwarded | null {
  const { canonical, call, search } = exchange;
  const contract = contractFor(route.contracts, canonical.method);
  const { pageSize } = route;
  if (pageSize !== null) {
    const capped = capPageSize(search, pageSize);
    const detail = `must be there and at most ${pageSize.max}`;
    const fault = !capped.ok ? capped.error : inputFault("query", pageSize.parameter, "maximum", detail);
    const isAsItWas = capped.ok && capped.value === search;
    if (!isAsItWas) return refusedCall({ fault: "request_invalid", errors: [fault] }, exchange);
  }
  if (contract === null) return null;
  const errors = checkParameters(contract, { segments: canonical.segments, search, header: call.header });
  return errors.length === 0 ? null : refusedCall({ fault: "request_invalid", errors }, exchange);
}
