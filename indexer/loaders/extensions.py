"""Which files are ours: extension -> kind. The one table; docs/files.md explains it."""

from typing import Final

from indexer.items import Kind

__all__ = ["DOCUMENTS", "EXTENSIONS", "PICTURES", "PLAIN", "RAW"]

PICTURES: Final = frozenset(
    "jpg jpeg jpe jfif png apng webp gif bmp dib tif tiff heic heif hif avif avifs "
    "jp2 j2k jpx jpf jpc j2c ppm pgm pbm pnm ico tga".split()
)
"""Pictures that Pillow or libheif decode."""

RAW: Final = frozenset(
    "cr2 cr3 crw nef nrw arw srf sr2 dng raf orf rw2 pef srw rwl 3fr iiq kdc dcr mrw x3f erf".split()
)
"""Camera RAW, by LibRaw."""

PLAIN: Final = frozenset(
    "txt text md markdown rst log tex org py pyi js mjs ts tsx jsx java kt scala c h cc cpp cxx hpp hh cs go rs rb php "
    "swift m pl lua r jl sh bash zsh ps1 bat sql css scss vue yaml yml toml ini cfg conf".split()
)
"""Plain text: prose, notes, logs, settings and source code."""

DOCUMENTS: Final = PLAIN | frozenset(
    "html htm xhtml csv tsv json jsonl ndjson pdf docx docm pptx pptm xlsx xlsm epub eml".split()
)
"""Everything that becomes passages."""

EXTENSIONS: Final[dict[str, Kind]] = dict.fromkeys(sorted(PICTURES | RAW), "image") | dict.fromkeys(
    sorted(DOCUMENTS), "document"
)
"""Lower-case extension without the dot -> kind."""
