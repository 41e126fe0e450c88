"""A tiny HEIC file written by hand: one HEVC key frame whose blocks are raw samples (I_PCM), in a HEIF container.

Nothing we install can write HEIC. ITU-T H.265 allows blocks of uncompressed samples, so a key frame needs only its
headers and, for each block, three arithmetically coded decisions.
"""

import struct

BLOCK = 16  # luma samples of a coding block's side; also the smallest, so that no block is ever split


class _Bits:
    """Writes fixed-length and Exp-Golomb codes (clause 9.2)."""

    def __init__(self):
        self.bits = []

    def u(self, count, value):
        self.bits += [value >> shift & 1 for shift in reversed(range(count))]
        return self

    def ue(self, *values):
        for value in values:
            length = (value + 1).bit_length()
            self.u(2 * length - 1, value + 1)
        return self

    def se(self, value):
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def trailing(self):
        self.u(1, 1)
        return self.align()

    def align(self):
        self.bits += [0] * (-len(self.bits) % 8)
        return self

    def bytes(self):
        return bytes(int("".join(map(str, self.bits[at : at + 8])), 2) for at in range(0, len(self.bits), 8))


class _Arithmetic:
    """The arithmetic encoder (clause 9.3.4) with one context: part_mode, which at QP 26 starts in state 0, likely 1."""

    LEAST_RANGES = ((128, 176, 208, 240), (128, 167, 197, 227), (128, 158, 187, 216), (123, 150, 178, 205))

    def __init__(self, out):
        self.out = out
        self.state = 0
        self.restart()

    def restart(self):
        self.low, self.range, self.first, self.outstanding = 0, 510, True, 0

    def _put(self, bit):
        if self.first:
            self.first = False
        else:
            self.out.u(1, bit)
        self.out.bits += [1 - bit] * self.outstanding
        self.outstanding = 0

    def _renormalise(self):
        while self.range < 256:
            if self.low < 256:
                self._put(0)
            elif self.low >= 512:
                self.low -= 512
                self._put(1)
            else:
                self.low -= 256
                self.outstanding += 1
            self.range <<= 1
            self.low <<= 1

    def likely(self):
        self.range -= self.LEAST_RANGES[self.state][self.range >> 6 & 3]
        self.state += 1
        self._renormalise()

    def terminate(self, bit):
        self.range -= 2
        if bit:
            self.low += self.range
            self.range = 2
            self._renormalise()
            self._put(self.low >> 9 & 1)
            self.out.u(2, (self.low >> 7 & 3) | 1)
        else:
            self._renormalise()


def _nal(kind, bits):
    """A NAL unit, with emulation prevention (clause 7.4.2)."""
    out, zeros = bytearray(), 0
    for byte in bits.bytes():
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes((kind << 1, 1)) + bytes(out)


def _profile(bits):  # Main, level 1
    return bits.u(2, 0).u(1, 0).u(5, 1).u(32, 0x60000000).u(4, 0b1001).u(44, 0).u(8, 30)


def _parameter_sets(width, height):
    video = _profile(_Bits().u(4, 0).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xFFFF))
    video.u(1, 1).ue(0, 0, 0).u(6, 0).ue(0).u(1, 0).u(1, 0).trailing()
    sequence = _profile(_Bits().u(4, 0).u(3, 0).u(1, 1)).ue(0, 1, width, height).u(1, 0)  # 4:2:0, no cropping
    sequence.ue(0, 0, 0).u(1, 1).ue(0, 0, 0)  # 8 bits; one picture in the buffer
    sequence.ue(1, 0, 0, 2, 0, 0).u(3, 0)  # blocks of 16; transforms of 4 to 16; no scaling lists, AMP, SAO
    sequence.u(1, 1).u(4, 7).u(4, 7).ue(1, 0).u(1, 1)  # raw blocks: 8 bits, 16 samples, not filtered
    sequence.ue(0).u(5, 0).trailing()
    picture = _Bits().ue(0, 0).u(7, 0).ue(0, 0).se(0).u(3, 0).se(0).se(0).u(7, 0)
    picture.u(1, 1).u(1, 0).u(1, 1).u(2, 0).ue(0).u(2, 0).trailing()  # deblocking is off
    return {32: _nal(32, video), 33: _nal(33, sequence), 34: _nal(34, picture)}


def _slice(colours):
    out = _Bits().u(1, 1).u(1, 0).ue(0, 2).se(0).trailing()
    coder = _Arithmetic(out)
    for number, (y, cb, cr) in enumerate(colours, start=1):
        coder.likely()  # part_mode: one block
        coder.terminate(1)  # pcm_flag
        out.align()
        for value, count in ((y, BLOCK * BLOCK), (cb, BLOCK * BLOCK // 4), (cr, BLOCK * BLOCK // 4)):
            for _ in range(count):
                out.u(8, value)
        coder.restart()
        coder.terminate(int(number == len(colours)))
    return _nal(19, out.align())


def _box(name, *parts, full=None):
    body = (struct.pack(">I", full) if full is not None else b"") + b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def flat_heic(colours, rotate=0):
    """Blocks of 16 x 16 pixels side by side, at most four, each of one (Y, Cb, Cr); turned by `rotate` x 90 degrees."""
    width, height = BLOCK * len(colours), BLOCK
    sets = _parameter_sets(width, height)
    data = _slice(colours)
    data = struct.pack(">I", len(data)) + data
    record = struct.pack(">BBIHIB", 1, 1, 0x60000000, 0x9000, 0, 30)
    record += struct.pack(">HBBBBHBB", 0xF000, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0x0F, len(sets))
    for kind, unit in sets.items():
        record += struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit
    properties = [_box(b"hvcC", record), _box(b"ispe", struct.pack(">II", width, height), full=0)]
    if rotate:
        properties.append(_box(b"irot", bytes([rotate])))
    links = bytes([0x81, *range(2, len(properties) + 1)])
    kind = _box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(offset):
        return _box(
            b"meta",
            _box(b"hdlr", b"\0\0\0\0pict" + b"\0" * 13, full=0),
            _box(b"pitm", struct.pack(">H", 1), full=0),
            _box(b"iinf", struct.pack(">H", 1), _box(b"infe", b"\0\1\0\0hvc1\0", full=2 << 24), full=0),
            _box(
                b"iprp",
                _box(b"ipco", *properties),
                _box(b"ipma", struct.pack(">IHB", 1, 1, len(links)) + links, full=0),
            ),
            _box(b"iloc", struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, offset, len(data)), full=0),
            full=0,
        )

    offset = len(kind) + len(meta(0)) + 8
    return kind + meta(offset) + _box(b"mdat", data)
