"""Documents that are ZIP files inside (Office, EPUB): bombs and encryption are found before any library sees them."""

import io
import struct
import zipfile
import zlib
from typing import BinaryIO

from encoders.errors import FileError, LimitError
from indexer.limits import Limits
from indexer.loaders.source import readable_size

__all__ = ["open_archive"]

_RATIO_FROM = 16 << 20  # unpacked bytes below which any ratio is harmless
_BLOCK = 1 << 18
_NAME_LENGTHS = 26  # where a local header says how long the name and the extra field are, before the packed bytes
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_archive(stream: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """Open a ZIP whose parts all unpack to what they declare, within the limits.

    Raises FileError for what is no such ZIP, is encrypted or lies about its sizes; LimitError for a bomb.
    """
    stream.seek(0)
    if stream.read(8) == _OLE:
        raise FileError(
            "it is protected by a password or in an old Office format; save it without a password, in today's format"
        )
    stream.seek(0)
    archive = zipfile.ZipFile(stream)
    members = archive.infolist()
    if len(members) > limits.max_members:
        raise LimitError(f"it holds {len(members):,} files, over the limit of {limits.max_members:,} (max_members)")
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if unpacked > limits.max_unpacked_bytes:
        raise _too_large(limits)
    if unpacked > max(_RATIO_FROM, limits.max_unpack_ratio * packed):
        raise LimitError(
            f"it unpacks to {unpacked // max(1, packed):,} times its size, over the limit of "
            f"{limits.max_unpack_ratio} (max_unpack_ratio)"
        )
    budget = limits.max_unpacked_bytes
    for member in members:
        budget -= _check_member(stream, member, budget, limits)
    return archive


def _check_member(stream: BinaryIO, member: zipfile.ZipInfo, budget: int, limits: Limits) -> int:
    """Unpack in small blocks and count: zipfile trusts the declared size only after it has unpacked everything."""
    if member.flag_bits & 0x1:
        raise FileError("it is protected by a password; save a copy without it to index it")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(f"its part {member.filename!r} is packed in a way that such files do not use")
    if member.compress_type == zipfile.ZIP_STORED:
        return member.file_size
    stream.seek(member.header_offset + _NAME_LENGTHS)
    stream.seek(sum(struct.unpack("<HH", stream.read(4))), io.SEEK_CUR)
    count, left, inflater = 0, member.compress_size, zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflater.eof:
        block = inflater.unconsumed_tail
        if not block:
            block = stream.read(min(_BLOCK, left))
            left -= len(block)
            if not block:
                break
        count += len(inflater.decompress(block, _BLOCK))
        if count > budget:
            raise _too_large(limits)
    if count != member.file_size:
        raise FileError(f"its part {member.filename!r} is not as large as it says: the file is damaged or hostile")
    return count


def _too_large(limits: Limits) -> LimitError:
    allowed = readable_size(limits.max_unpacked_bytes)
    return LimitError(f"it unpacks to more than {allowed} (max_unpacked_bytes)")
