"""A card that names a path means the same from every folder."""

import pytest

from encoders.trained_card import whole_spec


@pytest.mark.parametrize("family", ["trained:", "sbert:", "openclip:ViT-B-32/"])
def test_a_path_that_is_there_becomes_absolute(tmp_path, monkeypatch, family):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert whole_spec(f"{family}mine") == f"{family}{tmp_path.resolve()}/mine"
    assert whole_spec(f"{family}{tmp_path}/mine") == f"{family}{tmp_path.resolve()}/mine"


@pytest.mark.parametrize("spec", ["starter", "sbert:all-MiniLM-L6-v2", "openclip:ViT-B-32/openai", "trained:nowhere"])
def test_what_is_no_path_stays_as_it_is(tmp_path, monkeypatch, spec):
    monkeypatch.chdir(tmp_path)
    assert whole_spec(spec) == spec
