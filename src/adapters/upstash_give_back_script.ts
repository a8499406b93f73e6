/**
 * Undoes charges that were made too late for anyone to use.
 *
 * KEYS[i]: the counter of charge i, each once. ARGV: for each charge the five of `UPSTASH_TAKE_SCRIPT` (the cost being all
 * that one take charged this counter), and how the counter stood after it: window and used, or refilledAt and tokens.
 *
 * A window that has passed gets nothing back. A bucket gets what it would hold had the charge never been made: where it
 * would have run full since, the refill that found room has made the charge good already. Other charges since leave more
 * room than is reckoned with, which gives back less and never more.
 */
export const UPSTASH_GIVE_BACK_SCRIPT = `
for i = 1, #KEYS do
  local base = (i - 1) * 7
  local kind = ARGV[base + 1]
  local quota, pace = tonumber(ARGV[base + 2]), tonumber(ARGV[base + 3])
  local charged = tonumber(ARGV[base + 4]) * tonumber(ARGV[base + 5])
  local at, amount = tonumber(ARGV[base + 6]), tonumber(ARGV[base + 7])
  local fixed = kind == "fixed"
  local kept = redis.call("HMGET", KEYS[i], fixed and "window" or "refilledAt", fixed and "used" or "tokens")
  local keptAt, left = tonumber(kept[1] or ""), tonumber(kept[2] or "")
  if keptAt and left then
    if fixed then
      if keptAt == at then
        redis.call("HSET", KEYS[i], "used", string.format("%.0f", math.max(0, left - charged)))
      end
    else
      local lost = math.max(0, (keptAt - at) * pace - (quota - amount - charged))
      local tokens = math.min(quota, left + math.max(0, charged - lost))
      redis.call("HSET", KEYS[i], "tokens", string.format("%.0f", tokens))
    end
  end
end
return 1
`;
