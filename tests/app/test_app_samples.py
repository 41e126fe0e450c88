import pytest
from PIL import Image

from app.samples import write_samples
from indexer.loaders import supported


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return folder, write_samples(folder)


def test_pictures_and_documents_of_several_formats(samples):
    _, paths = samples
    kinds = [supported(path) for path in paths]
    assert None not in kinds
    assert kinds.count("image") >= 15
    assert len({path.suffix for path in paths if supported(path) == "document"}) >= 6
    assert paths[0].name == "black cat.jpg"


def test_every_picture_is_a_whole_picture(samples):
    for path in samples[1]:
        if supported(path) == "image":
            with Image.open(path) as image:
                image.load()
                assert min(image.size) >= 300


def test_a_second_call_changes_nothing_and_repairs_what_is_missing(samples):
    folder, paths = samples
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}
    lost, broken = folder / "documents" / "pancakes.md", folder / "documents" / "planning meeting.docx"
    lost.unlink()
    broken.write_bytes(b"")
    assert write_samples(folder) == paths
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths} == before
    assert not list(folder.glob("*/.*"))


def test_documents_are_read_by_our_own_loaders(samples):
    from indexer.loaders import load

    for path in samples[1]:
        if supported(path) == "document":
            loaded = load(path, picture_spec=None, passage_tokens=200)
            text = " ".join(str(item.content) for item in loaded.items)
            assert len(text.split()) > 15
            assert "\ufffd" not in text
