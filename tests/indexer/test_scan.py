import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import LibraryError
from indexer.items import Source
from indexer.scan import Unreadable, is_junk, walk


def names(root):
    return [str(one.path.relative_to(root)) for one in walk(root) if isinstance(one, Source)]


def make(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")


def test_files_come_in_order_and_litter_is_passed_over(tmp_path):
    make(tmp_path, "b.txt", "a.txt", "sub/c.txt", ".hidden/x.txt", ".x.txt", "Thumbs.db", "~$w.docx", "node_modules/m.js")
    assert names(tmp_path) == ["a.txt", "b.txt", "sub/c.txt"]


def test_a_hidden_folder_that_was_named_is_walked(tmp_path):
    make(tmp_path, ".photos/a.txt")
    assert names(tmp_path / ".photos") == ["a.txt"]


def test_a_single_file_is_its_own_walk(tmp_path):
    make(tmp_path, "a.txt")
    (only,) = walk(tmp_path / "a.txt")
    assert only.path == tmp_path / "a.txt"
    assert only.size == 1


def test_loops_of_links_end_and_linked_folders_are_walked_once(tmp_path):
    make(tmp_path, "real/a.txt")
    (tmp_path / "real" / "again").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(tmp_path / "real", target_is_directory=True)
    found = [path for path in names(tmp_path) if path.endswith("a.txt")]
    assert len(found) == 1


def test_a_link_to_nowhere_is_named(tmp_path):
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    (only,) = walk(tmp_path)
    assert isinstance(only, Unreadable)
    assert "leads nowhere" in only.reason
    assert not only.is_folder


def test_names_that_are_not_text_and_very_long_ones_survive(tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9-\xff.txt"
    try:
        Path(os.fsdecode(odd)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no names that are not text")
    make(tmp_path, "n" * 251 + ".txt", "/".join(["d" * 200] * 8) + "/deep.txt")
    assert len(names(tmp_path)) == 3


def test_pipes_and_sockets_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_opened_is_named(tmp_path, monkeypatch):
    make(tmp_path, "open/a.txt", "shut/b.txt")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may open everything, so chmod proves nothing here
    shut = [one for one in walk(tmp_path) if isinstance(one, Unreadable)]
    assert [one.path for one in shut] == [tmp_path / "shut"]
    assert shut[0].is_folder
    assert "Permission denied" in shut[0].reason
    assert names(tmp_path) == ["open/a.txt"]


def test_a_root_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(LibraryError, match="cannot be opened"):
        list(walk(tmp_path / "nothing"))


PART = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 200
)


@given(st.sets(st.lists(PART, min_size=1, max_size=4).map(tuple), max_size=12))
def test_every_regular_file_is_found_once(paths):
    with tempfile.TemporaryDirectory() as folder:
        root, expected = Path(folder), set()
        for parts in paths:
            path = root.joinpath(*parts)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("x")
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                continue
            if not any(is_junk(part) for part in parts):
                expected.add(path)
        found = [one.path for one in walk(root)]
        assert sorted(found) == sorted(path for path in expected if stat.S_ISREG(path.stat().st_mode))
