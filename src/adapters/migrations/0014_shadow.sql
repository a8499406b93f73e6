-- What is tried beside what runs, and where the two differ. Times are Unix milliseconds.

-- Each change of what is tried is a row; the highest version counts. The hash is a snapshot's, or 'none'.
CREATE TABLE shadow_versions (
  version INTEGER PRIMARY KEY,
  hash TEXT NOT NULL,
  parent INTEGER NOT NULL,
  actor TEXT NOT NULL,
  note TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Of two operators who have seen the same version one is first; the other one's whole batch is rolled back.
CREATE TRIGGER shadow_versions_in_order BEFORE INSERT ON shadow_versions
WHEN NEW.parent <> (SELECT coalesce(max(version), 0) FROM shadow_versions) OR NEW.version <= NEW.parent
BEGIN SELECT RAISE(ABORT, 'version_conflict'); END;

-- How many calls were decided twice, by what they were decided on beside the live decision: a snapshot's hash, or 'rules'.
CREATE TABLE shadow_runs (
  tried TEXT PRIMARY KEY CHECK (length(tried) <= 64),
  compared INTEGER NOT NULL,
  undecided INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The calls that came out otherwise, added up. Nothing in it is a value of a call; examples are ids of requests and kinds of callers.
CREATE TABLE shadow_differences (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tried TEXT NOT NULL CHECK (length(tried) <= 64),
  route TEXT NOT NULL CHECK (length(route) <= 500),
  action TEXT NOT NULL CHECK (length(action) <= 200),
  live TEXT NOT NULL CHECK (length(live) <= 64),
  shadow TEXT NOT NULL CHECK (length(shadow) <= 64),
  rule TEXT NOT NULL CHECK (length(rule) <= 200),
  calls INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  examples TEXT NOT NULL CHECK (length(examples) <= 2000),
  UNIQUE (tried, route, action, live, shadow, rule)
) STRICT;
