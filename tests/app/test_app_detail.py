from dataclasses import replace

from app.detail import _checked_bytes, facts, original


def only_hit(library, name):
    return next(hit for hit in library.search("red", limit=50) if hit.path.endswith(name))


def test_a_file_is_served_while_its_bytes_are_the_indexed_ones(indexed, shelf, files):
    shelf.warm(indexed)
    hit = only_hit(indexed, "red.png")
    path = files / "pictures" / "red.png"
    assert original(hit) == path
    assert _checked_bytes(hit) == path.read_bytes()


def test_a_file_that_was_swapped_is_not_served(indexed, shelf, files, tmp_path):
    shelf.warm(indexed)
    hit = only_hit(indexed, "red.png")
    secret = tmp_path / "secret.txt"
    secret.write_text("not for the app")
    path = files / "pictures" / "red.png"
    path.unlink()
    path.symlink_to(secret)
    assert original(hit) is None
    assert _checked_bytes(hit) == b""


def test_a_path_that_no_index_knows_is_not_served(indexed, shelf, tmp_path):
    shelf.warm(indexed)
    secret = tmp_path / "secret.txt"
    secret.write_text("not for the app")
    hit = only_hit(indexed, "red.png")
    forged = replace(hit, path=str(secret), payload={**hit.payload, "paths": [str(secret)]})
    assert original(forged) is None
    assert _checked_bytes(forged) == b""


def test_facts_leave_out_what_is_not_known(indexed, shelf):
    shelf.warm(indexed)
    known = dict(facts(only_hit(indexed, "red.png")))
    assert known["Size"] == "40 × 30 pixels"
    assert "Camera" not in known
    assert "Taken" not in known
