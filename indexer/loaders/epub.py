"""EPUB books: the chapters in reading order."""

import posixpath
import zipfile
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

from encoders.errors import FileError, LimitError
from indexer.limits import Limits
from indexer.loaders.archive import open_archive
from indexer.loaders.html import html_text
from indexer.loaders.pages import Document, PageList

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["read_epub"]

_PAGES = ("application/xhtml+xml", "text/html")
_FONT_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read_epub(stream: BinaryIO, limits: Limits) -> Document:
    """One page without a number for each chapter; no passage crosses chapters."""
    with open_archive(stream, limits) as archive:
        _refuse_locked(archive)
        container = _parse(archive, "META-INF/container.xml")
        package_path = next((e.get("full-path") for e in container.iter() if _tag(e) == "rootfile"), None)
        if not package_path:
            raise FileError("this EPUB does not say where its book is (container.xml)")
        package = _parse(archive, package_path)
        chapters = _chapters(package, posixpath.dirname(package_path))
        if len(chapters) > limits.max_pages:
            raise LimitError(f"it has {len(chapters):,} chapters, over the limit of {limits.max_pages:,} (max_pages)")
        pages = PageList(limits)
        for chapter in chapters:
            if chapter in archive.NameToInfo:
                pages.add(None, html_text(archive.read(chapter)).text)
        title = next((e.text for e in package.iter() if _tag(e) == "title"), None)
        return pages.document(title, tuple(e.text or "" for e in package.iter() if _tag(e) == "subject"))


def _chapters(package: "Element", folder: str) -> list[str]:
    """Names inside the archive of the chapters, by the spine, each once."""
    manifest = {
        e.get("id"): posixpath.normpath(posixpath.join(folder, unquote(e.get("href", ""))))
        for e in package.iter()
        if _tag(e) == "item" and e.get("media-type") in _PAGES and e.get("properties") != "nav"
    }
    spine = (manifest.get(e.get("idref")) for e in package.iter() if _tag(e) == "itemref")
    return list(dict.fromkeys(name for name in spine if name))


def _refuse_locked(archive: zipfile.ZipFile) -> None:
    if "META-INF/encryption.xml" not in archive.NameToInfo:
        return
    for element in _parse(archive, "META-INF/encryption.xml").iter():
        if _tag(element) == "EncryptionMethod" and element.get("Algorithm") not in _FONT_ONLY:
            raise FileError("this book is locked by copy protection (DRM), so its text cannot be read")


def _parse(archive: zipfile.ZipFile, name: str) -> "Element":
    from defusedxml.ElementTree import fromstring  # refuses entity bombs

    if name not in archive.NameToInfo:
        raise FileError(f"this is no EPUB: {name} is missing inside it")
    root: Element = fromstring(archive.read(name))
    return root


def _tag(element: "Element") -> str:
    return str(element.tag).rpartition("}")[2]
