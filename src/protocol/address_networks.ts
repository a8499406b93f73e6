/** A network that an address lies in, and how many times the budget of one address all of it has. */
export interface WiderNetwork {
  readonly network: string;
  readonly times: number;
}

/** The unit by which an IPv6 address is counted: four groups without leading zeros. */
const UNIT = /^((?:[0-9a-f]{1,4}:){3})([0-9a-f]{1,4})::\/64$/;

/** What a home is given most often, and what a site is: 256 and 65,536 units. */
const TIMES = { home: 4, site: 16 };

/**
 * The wider networks that `unit` lies in, where it is the /64 of an IPv6 address: whoever is given a /56 or a /48 has many units, and must
 * not have the budget of each. There are neighbours in them too where a provider hands out single units, so they have more than one
 * unit, and less than all of them together.
 */
export function widerNetworks(unit: string): readonly WiderNetwork[] {
  const [, head, last] = UNIT.exec(unit) ?? [];
  if (head === undefined || last === undefined) return [];
  const home = (Number.parseInt(last, 16) & 0xff00).toString(16);
  return [
    { network: `${head}${home}::/56`, times: TIMES.home },
    { network: `${head}:/48`, times: TIMES.site },
  ];
}
