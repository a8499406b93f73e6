-- The audit trail. Times are Unix milliseconds.

CREATE TABLE audit_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Derived from the request: an event that comes again is known.
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('decision', 'key_use', 'admin_change')),
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT,
  client_id TEXT,
  credential_id TEXT,
  address TEXT,
  action TEXT NOT NULL,
  target TEXT,
  route TEXT,
  outcome TEXT NOT NULL,
  reason TEXT,
  -- A JSON object of what nobody looks for: issuer, status, rules, changes.
  detail TEXT NOT NULL
) STRICT;

-- What happened does not change. Rows go by their age alone.
CREATE TRIGGER audit_events_fixed BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit_events_are_fixed'); END;

-- One for each filter, each in the order of lists; `seq` ends every one of them.
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_kind ON audit_events (kind, at);
CREATE INDEX audit_events_by_outcome ON audit_events (outcome, at);
CREATE INDEX audit_events_by_request ON audit_events (request_id, at);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, at) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_client ON audit_events (client_id, at) WHERE client_id IS NOT NULL;
CREATE INDEX audit_events_by_credential ON audit_events (credential_id, at) WHERE credential_id IS NOT NULL;
CREATE INDEX audit_events_by_route ON audit_events (route, at) WHERE route IS NOT NULL;
CREATE INDEX audit_events_by_target ON audit_events (target, at) WHERE target IS NOT NULL;

-- Messages of the trail that no version here could read so far.
CREATE TABLE audit_dead_letters (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  found_at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX audit_dead_letters_by_time ON audit_dead_letters (found_at);
