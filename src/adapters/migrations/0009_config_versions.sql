-- Published configurations. A snapshot is never changed: its name is the SHA-256 of its text. Times are Unix milliseconds.

CREATE TABLE config_snapshots (
  hash TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

-- Each publish and each rollback is a row; the highest version is what runs.
CREATE TABLE config_versions (
  version INTEGER PRIMARY KEY,
  -- A snapshot's, or 'bundled' for what was deployed with the code.
  hash TEXT NOT NULL,
  parent INTEGER NOT NULL,
  restores INTEGER,
  bundle TEXT NOT NULL,
  actor TEXT NOT NULL,
  note TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX config_versions_by_hash ON config_versions (hash, version);

-- Of two operators who have seen the same version one is first; the other one's whole batch is rolled back.
CREATE TRIGGER config_versions_in_order BEFORE INSERT ON config_versions
WHEN NEW.parent <> (SELECT coalesce(max(version), 0) FROM config_versions) OR NEW.version <= NEW.parent
BEGIN SELECT RAISE(ABORT, 'version_conflict'); END;
