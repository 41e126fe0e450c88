"""Which files are ours: extension -> kind. The one table; docs/files.md explains it."""

from typing import Final

from indexer.items import Kind

__all__ = ["DOCUMENTS", "EXTENSIONS", "PICTURES", "PLAIN", "RAW"]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PICTURES: Final = _names(
    "jpg jpeg jpe jfif png apng webp gif bmp dib tif tiff heic heif hif avif avifs "
    "jp2 j2k jpx jpf jpc j2c ppm pgm pbm pnm ico tga"
)
"""Pictures that Pillow or libheif decode."""

RAW: Final = _names("cr2 cr3 crw nef nrw arw srf sr2 dng raf orf rw2 pef srw rwl 3fr iiq kdc dcr mrw x3f erf")
"""Camera RAW, by LibRaw."""

PLAIN: Final = _names(
    "txt text md markdown rst log tex org py pyi js mjs ts tsx jsx java kt scala c h cc cpp cxx hpp hh cs go rs rb php "
    "swift m pl lua r jl sh bash zsh ps1 bat sql css scss vue yaml yml toml ini cfg conf"
)
"""Plain text: prose, notes, logs, settings and source code."""

DOCUMENTS: Final = PLAIN | _names("html htm xhtml csv tsv json jsonl ndjson pdf docx docm pptx pptm xlsx xlsm epub eml")
"""Everything that becomes passages."""

EXTENSIONS: Final[dict[str, Kind]] = {
    **{extension: "image" for extension in sorted(PICTURES | RAW)},
    **{extension: "document" for extension in sorted(DOCUMENTS)},
}
"""Lower-case extension without the dot -> kind."""
