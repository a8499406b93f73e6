/** Milliseconds a counter is kept after it is as good as new: how far isolates' clocks may differ. */
const GRACE_MS = 60_000;

/**
 * `limits/take.ts` and `limits/charge.ts` in Lua: all demands or none, or all whatever is left, in one atomic step. Keep
 * them alike; the contract suite runs both.
 *
 * KEYS[i]: the counter of demand i; keys may repeat. ARGV: `take` or `charge`, now in ms, then for each demand kind (`fixed` | `bucket`),
 * quota (limit | capacity in units), pace (window in ms | units per ms), unit (units per cost), cost.
 * Answers {granted, then for each demand: fits, wanted, at, amount}: `wanted` is the cost and what earlier demands took
 * of the same counter, `at` and `amount` are window and used | refilledAt and tokens, after the verdict.
 *
 * A bucket is a hash with the fields of `@upstash/ratelimit`'s token bucket, so that either may touch it.
 *
 * Numbers are written with `%.0f`: an interpreter that prints 14 digits would round large ones.
 */
export const UPSTASH_TAKE_SCRIPT = `
local FIELDS = { fixed = { "window", "used" }, bucket = { "refilledAt", "tokens" } }
local forced = ARGV[1] == "charge"
local now = tonumber(ARGV[2])

local function demand(i)
  local base = 2 + (i - 1) * 5
  return {
    key = KEYS[i],
    kind = ARGV[base + 1],
    quota = tonumber(ARGV[base + 2]),
    pace = tonumber(ARGV[base + 3]),
    unit = tonumber(ARGV[base + 4]),
    cost = tonumber(ARGV[base + 5]),
  }
end

local function load(d)
  local fields = FIELDS[d.kind]
  local kept = redis.call("HMGET", d.key, fields[1], fields[2])
  if not kept[1] or not kept[2] then return nil end
  return { at = tonumber(kept[1]), amount = tonumber(kept[2]) }
end

local function advance(d, state)
  if d.kind == "fixed" then
    local window = math.floor(now / d.pace)
    if state and state.at >= window then return state end
    return { at = window, amount = 0 }
  end
  if not state then return { at = now, amount = d.quota } end
  local elapsed = math.max(0, now - state.at)
  return { at = math.max(now, state.at), amount = math.min(d.quota, state.amount + elapsed * d.pace) }
end

local function charge(d, state)
  if d.kind == "fixed" then
    local used = state.amount + d.cost
    if forced then return { at = state.at, amount = math.min(used, math.max(state.amount, 2 * d.quota)) } end
    return used <= d.quota and { at = state.at, amount = used } or nil
  end
  local level = state.amount - d.cost * d.unit
  if forced then return { at = state.at, amount = math.max(level, math.min(state.amount, -d.quota)) } end
  return level >= 0 and { at = state.at, amount = level } or nil
end

local function msUntilFresh(d, state)
  if d.kind == "fixed" then return (state.at + 1) * d.pace - now end
  return state.at - now + math.ceil((d.quota - state.amount) / d.pace)
end

local kept, charged, wanted, demands, fits = {}, {}, {}, {}, {}
local granted = true
for i = 1, #KEYS do
  local d = demand(i)
  if kept[d.key] == nil then kept[d.key] = load(d) or false end
  local after = charge(d, advance(d, charged[d.key] or kept[d.key] or nil))
  local total = (wanted[d.key] or 0) + d.cost
  demands[i] = d
  fits[i] = after ~= nil
  d.total = total
  if after then
    charged[d.key] = after
    wanted[d.key] = total
  else
    granted = false
  end
end

local answer = { granted and 1 or 0 }
for i = 1, #KEYS do
  local d = demands[i]
  local state = advance(d, (granted and charged[d.key]) or kept[d.key] or nil)
  if granted then
    local fields = FIELDS[d.kind]
    redis.call("HSET", d.key, fields[1], string.format("%.0f", state.at), fields[2], string.format("%.0f", state.amount))
    redis.call("PEXPIRE", d.key, string.format("%.0f", msUntilFresh(d, state) + ${GRACE_MS}))
  end
  answer[#answer + 1] = fits[i] and 1 or 0
  answer[#answer + 1] = d.total
  answer[#answer + 1] = state.at
  answer[#answer + 1] = state.amount
end
return answer
`;
