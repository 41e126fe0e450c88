"""The tables of the ledger, as they came to be: each step brings a file of the version before to the next."""

__all__ = ["MIGRATIONS"]

MIGRATIONS = (
    """
    CREATE TABLE sources (
        path BLOB PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
        content TEXT REFERENCES contents(content), reason TEXT, transient INTEGER NOT NULL DEFAULT 0,
        recorded REAL NOT NULL, seen INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX sources_by_content ON sources(content);
    CREATE TABLE contents (
        content TEXT PRIMARY KEY, size INTEGER NOT NULL, kind TEXT NOT NULL, parts TEXT NOT NULL,
        items INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('pending', 'indexed', 'moved'))
    ) WITHOUT ROWID;
    CREATE INDEX contents_by_size ON contents(size);
    CREATE INDEX contents_unfinished ON contents(state) WHERE state != 'indexed';
    CREATE TABLE todo (
        number INTEGER PRIMARY KEY, path BLOB UNIQUE NOT NULL, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
        changed_ns INTEGER NOT NULL
    );
    CREATE TABLE roots (path BLOB PRIMARY KEY, device INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY, pid INTEGER NOT NULL, started REAL NOT NULL, heartbeat REAL NOT NULL,
        state TEXT NOT NULL, request TEXT, progress TEXT NOT NULL
    );
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    # Spaces and what they are behind with: indexer/space_log.py. The triggers say "not exists" where "or ignore" would do,
    # because the conflict clause of a statement overrides those of the triggers it sets off.
    """
    CREATE TABLE spaces (
        name TEXT PRIMARY KEY, answers INTEGER NOT NULL, manifest TEXT NOT NULL, state TEXT NOT NULL,
        total INTEGER NOT NULL, index_due INTEGER NOT NULL, cut INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE behind (
        space TEXT NOT NULL, content TEXT NOT NULL, parts TEXT, reason TEXT, recorded REAL, PRIMARY KEY (space, content)
    ) WITHOUT ROWID;
    CREATE TRIGGER contents_added AFTER INSERT ON contents BEGIN
        INSERT INTO behind (space, content) SELECT name, NEW.content FROM spaces WHERE NOT answers
        AND NOT EXISTS (SELECT 1 FROM behind WHERE space = name AND content = NEW.content);
    END;
    CREATE TRIGGER contents_moved AFTER UPDATE OF state ON contents BEGIN
        INSERT INTO behind (space, content) SELECT name, NEW.content FROM spaces WHERE NOT answers
        AND NOT EXISTS (SELECT 1 FROM behind WHERE space = name AND content = NEW.content);
    END;
    CREATE TRIGGER contents_gone AFTER DELETE ON contents BEGIN
        INSERT INTO behind (space, content, parts) SELECT name, OLD.content, OLD.parts FROM spaces WHERE NOT answers
        ON CONFLICT (space, content) DO UPDATE SET parts = coalesce(parts, excluded.parts);
    END;
    """,
    # Pictures whose words were read, or why not: indexer/ocr_log.py. Points that are written anew have none.
    """
    CREATE TABLE ocr (content TEXT PRIMARY KEY, reason TEXT, transient INTEGER NOT NULL, recorded REAL NOT NULL) WITHOUT ROWID;
    CREATE TRIGGER ocr_anew AFTER INSERT ON contents BEGIN DELETE FROM ocr WHERE content = NEW.content; END;
    CREATE TRIGGER ocr_gone AFTER DELETE ON contents BEGIN DELETE FROM ocr WHERE content = OLD.content; END;
    """,
)
"""Number n brings the file from version n to n + 1; never edit one that was released."""
