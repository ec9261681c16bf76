internal import GRDB

/// The file's tables, and the way from each version of them to the next.
///
/// A step that has been in a release is never changed; what is new is a step of its own at the end.
enum Schema {
    /// By number: the name under which GRDB keeps that a step was taken, and the step.
    static let steps: [(name: String, sql: String)] = [
        ("1: matches", matches), ("2: leaderboards", leaderboards), ("3: bans, audit and settings", moderation),
        ("4: admins", admins),
    ]

    /// Takes the steps that the file lacks, each in a transaction of its own.
    ///
    /// - Parameter last: The number of the last step to be taken; all of them unless a test wants an old file.
    static func migrate(_ database: DatabasePool, to last: Int = steps.count) throws {
        var migrator = DatabaseMigrator()
        for step in steps.prefix(last) {
            migrator.registerMigration(step.name) { try $0.execute(sql: step.sql) }
        }
        guard try database.read(migrator.hasBeenSuperseded) == false else {
            throw SQLiteStorageError("\(database.path) was written by a newer muster; use that one, or another file")
        }
        try migrator.migrate(database)
    }

    private static let matches = """
        CREATE TABLE matches (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            game TEXT NOT NULL,
            lobby TEXT NOT NULL,
            season TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER NOT NULL,
            result TEXT NOT NULL
        ) STRICT;
        CREATE INDEX matches_of_game ON matches (game, number);
        CREATE TABLE players (
            match INTEGER NOT NULL REFERENCES matches (number) ON DELETE CASCADE,
            seat INTEGER NOT NULL,
            name TEXT NOT NULL,
            subject TEXT,
            team INTEGER,
            score INTEGER,
            PRIMARY KEY (match, seat)
        ) STRICT, WITHOUT ROWID;
        """

    /// One row for each player of a board. A guest is known by its name, and so is another player than who has that name for
    /// a subject.
    private static let leaderboards = """
        CREATE TABLE scores (
            number INTEGER PRIMARY KEY,
            game TEXT NOT NULL,
            season TEXT NOT NULL,
            player TEXT NOT NULL,
            is_guest INTEGER NOT NULL,
            name TEXT NOT NULL,
            best INTEGER NOT NULL,
            least INTEGER NOT NULL,
            sum INTEGER NOT NULL,
            matches INTEGER NOT NULL,
            UNIQUE (game, season, player, is_guest)
        ) STRICT;
        CREATE INDEX scores_by_best ON scores (game, season, best DESC, number);
        CREATE INDEX scores_by_least ON scores (game, season, least, number);
        CREATE INDEX scores_by_sum ON scores (game, season, sum DESC, number);
        CREATE INDEX scores_by_name ON scores (game, season, name);
        """

    private static let moderation = """
        CREATE TABLE bans (
            kind TEXT NOT NULL,
            value TEXT NOT NULL,
            reason TEXT NOT NULL,
            actor TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER,
            PRIMARY KEY (kind, value)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            address TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            reason TEXT NOT NULL
        ) STRICT;
        CREATE TABLE settings (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let admins = """
        ALTER TABLE audit ADD COLUMN outcome TEXT NOT NULL DEFAULT 'done';
        CREATE INDEX audit_by_actor ON audit (actor, number);
        CREATE TABLE users (
            name TEXT PRIMARY KEY,
            role TEXT NOT NULL,
            password TEXT NOT NULL,
            stamp TEXT NOT NULL,
            since INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
