"""Whatever the bytes are, under whatever name: items or a FileError, never anything else."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loader_samples import documents, pictures

from encoders.errors import FileError
from encoders.picture import PictureSpec
from indexer.limits import Limits
from indexer.loaders import EXTENSIONS, load, open_picture

SAMPLES = pictures() | documents()
SMALL = Limits(max_pixels=1_000_000, max_unpacked_bytes=4 << 20, max_text_chars=100_000, max_cells=10_000)


def fuzz(examples):
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, suppress_health_check=quiet)


def attempt(folder, extension, data):
    path = folder / f"a.{extension}"
    path.write_bytes(data)
    try:
        loaded = load(path, picture_spec=PictureSpec(8), passage_tokens=50, limits=SMALL)
    except FileError as error:
        message = str(error)
        assert 10 < len(message) < 400
        assert message.isprintable()
    else:
        assert loaded.items


@fuzz(300)
@given(st.sampled_from(sorted(EXTENSIONS)), st.binary(max_size=400))
def test_random_bytes(tmp_path, extension, data):
    attempt(tmp_path, extension, data)


@fuzz(300)
@given(st.sampled_from(sorted(EXTENSIONS)), st.sampled_from(sorted(SAMPLES)))
def test_every_format_under_every_name(tmp_path, extension, actual):
    attempt(tmp_path, extension, SAMPLES[actual])


@pytest.mark.parametrize("extension", sorted(SAMPLES))
@fuzz(25)
@given(st.data())
def test_damaged_files(tmp_path, extension, data):
    body = bytearray(SAMPLES[extension])
    for _ in range(data.draw(st.integers(0, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(body)), st.integers(1, len(body))))
    attempt(tmp_path, extension, bytes(body[:cut]))


@fuzz(100)
@given(st.binary(max_size=200))
def test_open_picture(data):
    with pytest.raises(FileError):
        open_picture(b"\x01" + data, SMALL)


def test_native_libraries_can_be_silenced(tmp_path):
    path = tmp_path / "a.dng"
    path.write_bytes(SAMPLES["dng"][:3000])
    script = (
        "import sys, pathlib\nfrom indexer.loaders import load, mute_decoders\nfrom encoders.errors import FileError\n"
        "from encoders.picture import PictureSpec\nif sys.argv[2] == 'mute': mute_decoders()\n"
        "try: load(pathlib.Path(sys.argv[1]), picture_spec=PictureSpec(8), passage_tokens=9)\nexcept FileError: print('no')"
    )
    for mode in ("mute", "loud"):
        done = subprocess.run([sys.executable, "-c", script, path, mode], capture_output=True, text=True, check=True)
        assert done.stdout == "no\n"
        assert bool(done.stderr) == (mode == "loud")
