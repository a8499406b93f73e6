-- Calls that no route lists, counted by the shape of their path: nothing in it is one person's. Times are Unix milliseconds.

CREATE TABLE unlisted_calls (
  kind TEXT NOT NULL CHECK (kind IN ('path', 'method')),
  method TEXT NOT NULL CHECK (length(method) <= 16),
  path TEXT NOT NULL CHECK (length(path) <= 500),
  calls INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  PRIMARY KEY (kind, method, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX unlisted_calls_by_last_seen ON unlisted_calls (last_seen);
