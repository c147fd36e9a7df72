"""The gallery: every picture ever made, in an index that can be built again from the files at any time.

The files are the truth: the index in `.studio/gallery.sqlite` is brought up to them at each look, folder
by folder. What only a person can say, their favourites, lies in a small file beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.data.imports import Import, import_pictures
from studio.generate.gallery_files import Favourites, Found, days_in, export_folder, look, pictures_in
from studio.workspace import Workspace

VERSION = 1
TABLES = """
CREATE TABLE IF NOT EXISTS picture (
    path TEXT PRIMARY KEY, day TEXT, made REAL, prompt TEXT, negative TEXT, model TEXT, adapters TEXT,
    seed INTEGER, width INTEGER, height INTEGER, favourite INTEGER, words TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS newest ON picture (made DESC, path DESC);
CREATE INDEX IF NOT EXISTS by_day ON picture (day);
CREATE TABLE IF NOT EXISTS day (name TEXT PRIMARY KEY, stamp INTEGER);
"""
COLUMNS = "path, day, made, prompt, negative, model, adapters, seed, width, height, favourite"


@dataclass(frozen=True)
class Shot:
    """A picture as the gallery shows it; `made` in seconds since 1970, `day` is its folder's name."""

    path: Path
    day: str
    made: float
    prompt: str
    negative: str
    model: str
    adapters: tuple[str, ...]
    seed: int
    width: int
    height: int
    favourite: bool

    @property
    def place(self) -> tuple[float, str]:
        """Where it stands in the order; what comes after it is asked for with this."""
        return self.made, f"{self.day}/{self.path.name}"


class Gallery:
    """The pictures in `outputs/`. Every call has a connection of its own, so threads may share one."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._index = workspace.hidden / "gallery.sqlite"
        self._favourites = Favourites(workspace)

    def search(
        self,
        text: str = "",
        *,
        adapter: str = "",
        model: str = "",
        favourite: bool | None = None,
        day: str = "",
        before: tuple[float, str] | None = None,
        limit: int = 200,
    ) -> list[Shot]:
        """The newest pictures that have all these words in their prompt, adapters, model or seed.

        `before` is the `place` of the last one that is shown already.
        """
        rules: list[tuple[str, tuple[Any, ...]]] = [
            ("words LIKE ? ESCAPE '\\'", (f"%{_escaped(word)}%",)) for word in text.casefold().split()
        ]
        rules += [("adapters LIKE ? ESCAPE '\\'", (f"%\n{_escaped(adapter)}\n%",))] if adapter else []
        rules += [("model = ?", (model,))] if model else []
        rules += [("favourite = ?", (int(favourite),))] if favourite is not None else []
        rules += [("day = ?", (day,))] if day else []
        rules += [("(made, path) < (?, ?)", before)] if before else []
        where = " AND ".join(rule for rule, _ in rules) or "1"
        values = [value for _, given in rules for value in given]
        query = f"SELECT {COLUMNS} FROM picture WHERE {where} ORDER BY made DESC, path DESC LIMIT ?"
        with self._fresh() as index:
            return [self._shot(row) for row in index.execute(query, (*values, limit))]

    def days(self) -> list[tuple[str, int]]:
        """The days on which pictures were made, the newest first, and how many."""
        with self._fresh() as index:
            return list(index.execute("SELECT day, COUNT(*) FROM picture GROUP BY day ORDER BY day DESC"))

    def models(self) -> list[tuple[str, int]]:
        """The base models that painted, the most used first, and how many pictures."""
        with self._fresh() as index:
            query = (
                "SELECT model, COUNT(*) AS of FROM picture WHERE model != '' GROUP BY model ORDER BY of DESC"
            )
            return list(index.execute(query))

    def adapters(self) -> list[tuple[str, int]]:
        """The adapters that were used, the most used first, and in how many pictures."""
        counts: dict[str, int] = {}
        with self._fresh() as index:
            query = "SELECT adapters, COUNT(*) FROM picture WHERE adapters != '' GROUP BY adapters"
            for names, count in index.execute(query):
                for name in _parted(names):
                    counts[name] = counts.get(name, 0) + count
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))

    def shot(self, path: Path) -> Shot | None:
        """One picture; None for a file that is none of the gallery's."""
        with self._fresh() as index:
            query = f"SELECT {COLUMNS} FROM picture WHERE path = ?"
            row = index.execute(query, (self._name(path),)).fetchone()
        return self._shot(row) if row else None

    def favourite(self, path: Path, yes: bool) -> None:
        """Mark a picture as a favourite, or no longer."""
        self._favourites.mark(self._name(path), yes)
        with self._fresh() as index:
            index.execute("UPDATE picture SET favourite = ? WHERE path = ?", (int(yes), self._name(path)))

    def bin(self, paths: Iterable[Path]) -> int:
        """Put pictures of the gallery into the system's bin; returns how many went there."""
        from send2trash import send2trash

        known = [path for path in paths if self.shot(path) is not None and path.is_file()]
        for path in known:
            send2trash(path)
        return len(known)

    def export(self, paths: Sequence[Path], name: str) -> Import:
        """A dataset of these pictures, with their prompts as captions; nothing is overwritten."""
        shots = [shot for path in paths if (shot := self.shot(path)) is not None]
        with export_folder([(shot.path, shot.prompt) for shot in shots]) as files:
            return import_pictures(self.workspace, name, files)

    def rebuild(self) -> int:
        """Forget the index and build it from the files; returns how many pictures there are."""
        with self._connected() as index:
            index.executescript("DELETE FROM picture; DELETE FROM day;")
        with self._fresh() as index:
            return int(index.execute("SELECT COUNT(*) FROM picture").fetchone()[0])

    @contextmanager
    def _fresh(self) -> Iterator[sqlite3.Connection]:
        """The index, brought up to the folders that have changed since."""
        with self._connected() as index:
            known = dict(index.execute("SELECT name, stamp FROM day"))
            there = days_in(self.workspace)
            for name in known.keys() - there.keys():
                index.execute("DELETE FROM picture WHERE day = ?", (name,))
                index.execute("DELETE FROM day WHERE name = ?", (name,))
            for name in sorted(name for name, stamp in there.items() if known.get(name) != stamp):
                self._look_at(index, name)
                index.execute("INSERT OR REPLACE INTO day VALUES (?, ?)", (name, there[name]))
                index.commit()
            yield index

    def _look_at(self, index: sqlite3.Connection, day: str) -> None:
        known = {path for (path,) in index.execute("SELECT path FROM picture WHERE day = ?", (day,))}
        there = pictures_in(self.workspace, day)
        gone = [(path,) for path in known - there.keys()]
        index.executemany("DELETE FROM picture WHERE path = ?", gone)
        favourites = self._favourites.names()
        new = (look(path, name) for name, path in there.items() if name not in known)
        rows = (_row(found, day, found.name in favourites) for found in new)
        index.executemany(f"INSERT OR REPLACE INTO picture VALUES ({', '.join('?' * 12)})", rows)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """An index that is damaged, or of another version, is thrown away: it can be built again."""
        try:
            index = self._opened()
        except sqlite3.DatabaseError:
            self._index.unlink(missing_ok=True)
            index = self._opened()
        try:
            with index:
                yield index
        finally:
            index.close()

    def _opened(self) -> sqlite3.Connection:
        index = sqlite3.connect(self._index, timeout=30)
        try:
            index.execute("PRAGMA journal_mode = WAL")
            if index.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                index.executescript(f"DROP TABLE IF EXISTS picture; DROP TABLE IF EXISTS day; {TABLES}")
                index.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            index.close()
            raise
        return index

    def _name(self, path: Path) -> str:
        """The path in `outputs/`, by which the index knows a picture; "" for what is not in there."""
        outputs = self.workspace.outputs
        return path.relative_to(outputs).as_posix() if path.is_relative_to(outputs) else ""

    def _shot(self, row: Sequence[Any]) -> Shot:
        path, day, made, prompt, negative, model, names, seed, width, height, favourite = row
        return Shot(
            *(self.workspace.outputs / path, day, made, prompt, negative, model, _parted(names)),
            *(seed, width, height, bool(favourite)),
        )


def _row(found: Found, day: str, favourite: bool) -> tuple[Any, ...]:
    names = "".join(f"\n{name}" for name in found.adapters) + ("\n" if found.adapters else "")
    words = "\n".join((found.prompt, found.model, names, str(found.seed))).casefold()
    return (
        *(found.name, day, found.made, found.prompt, found.negative, found.model, names),
        *(found.seed, found.width, found.height, int(favourite), words),
    )


def _parted(names: str) -> tuple[str, ...]:
    return tuple(name for name in names.split("\n") if name)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
