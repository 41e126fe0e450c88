"""Lists out of real files and real engines: names and numbers first, phrases first, pages and copies under their best."""

import docx
import pytest

from search import Arrangement, Query, Term

NAMES = [f"IMG_{number}.jpg" for number in (1041, 2040, 2041, 2042, 2043, 12041)]
INVOICES = [f"{year}-{number}" for year in (2023, 2024) for number in (11, 17, 116, 117, 118, 1170)]

BIRDS = (
    "blackbird", "nightingale", "woodpecker", "kingfisher", "goldfinch", "sparrowhawk", "yellowhammer", "cormorant",
    "oystercatcher", "chaffinch", "bullfinch", "kestrel", "redstart", "wheatear", "skylark", "greenfinch",
)  # fmt: skip


@pytest.fixture
def library(open_main, tmp_path, write_picture):
    folder = tmp_path / "files"
    for place, name in enumerate(NAMES):
        write_picture(folder / "camera" / name, list(("red", "green", "blue"))[place % 3])
    for number in INVOICES:
        path = folder / "invoices" / f"invoice {number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"Invoice {number} for repairs. The sum of it is due within thirty days.\n")
    (folder / "letter.txt").write_text("About your invoice of 2024: the 117 boxes came on 2024-11-17.\n")
    (folder / "years.txt").write_text("From 2041 on all cameras will see red, said the man of the year 2040.\n")
    pages = [f"Chapter {number}. " + f"The harbour of town {number} is quiet at night, and so is its lighthouse. " * 40
             for number in range(1, 5)]  # fmt: skip
    (folder / "harbours.md").write_text("# Harbours\n\n" + "\n\n".join(pages))
    library = open_main()
    assert library.add([folder], workers=1).failed == 0
    return library


def first(hits, count=1):
    return [hit.path.rpartition("/")[2] for hit in hits[:count]]


def test_names_and_numbers_find_their_file_first(library):
    for asked in ("IMG_2041", "IMG_2041.jpg", "img 2041", "img2041", '"IMG_2041"', "the picture IMG_2041"):
        hits = library.search(asked)
        assert first(hits) == ["IMG_2041.jpg"], asked
        assert hits[0].fits, asked
    for number in INVOICES:
        for asked in (f"invoice {number}", number, f'"invoice {number}"', f"Invoice_{number}.pdf"):
            assert first(library.search(asked)) == [f"invoice {number}.txt"], asked
    assert sorted(first(library.search("2041"), 2)) == ["IMG_2041.jpg", "years.txt"]
    assert first(library.search("12041")) == ["IMG_12041.jpg"]


def test_a_phrase_comes_first_and_says_so(library):
    words = library.search("boxes due within thirty days", limit=3)
    assert "letter.txt" not in first(words)
    hits = library.search('thirty days "117 boxes"', limit=5)
    assert first(hits) == ["letter.txt"]
    reason = next(reason for reason in hits[0].reasons if reason.signal == "phrase")
    assert reason.text == "holds “117 boxes”"
    assert 0 < reason.share < 1
    assert hits[0].fits
    assert all(reason.signal != "phrase" for hit in hits[1:] for reason in hit.reasons)
    assert first(library.search('"boxes 117" thirty days')) != ["letter.txt"]


def test_passages_lie_under_their_document_in_page_order(library):
    hits = library.search("harbour lighthouse", limit=30)
    assert first(hits) == ["harbours.md"]
    assert sum(hit.path.endswith("harbours.md") for hit in hits) == 1
    parts = [int(under.payload["part"].rpartition("-")[2]) for under in hits[0].under]
    assert parts == sorted(parts)
    assert len(parts) == 5
    assert hits[0].under_total > 5
    assert (hits[0].under_why, {under.rank for under in hits[0].under}) == ("pages", {1})
    assert all(under.snippet for under in hits[0].under)
    single = library.search("harbour lighthouse", limit=30, arrange=Arrangement(stack=False))
    assert sum(hit.path.endswith("harbours.md") for hit in single) == hits[0].under_total + 1
    assert not any(hit.under for hit in single)
    told = hits[0].to_dict()
    assert [under["id"] for under in told["under"]] == [under.id for under in hits[0].under]


def test_copies_lie_under_the_best_of_them(library):
    red = [hit for hit in library.search("red", kind="image") if hit.path.endswith(("IMG_1041.jpg", "IMG_2042.jpg"))]
    green = library.search("green", kind="image", limit=1)
    store = library.space().store
    store.set_payload([red[0].id, green[0].id], {"phash": "00000000000000ff"})  # a hash alone is not enough
    store.set_payload([red[1].id], {"phash": "00000000000000f0"})
    hits = library.search("red", kind="image")
    assert [under.id for hit in hits for under in hit.under] == [red[1].id]
    assert next(hit for hit in hits if hit.under).id == red[0].id
    assert green[0].id in [hit.id for hit in hits]
    assert len(hits) == len(NAMES) - 1


def test_copies_of_a_document_lie_under_the_best_of_them(library, tmp_path):
    rows = [f"In the morning of the walk the {bird} sang above the old quay while nobody listened." for bird in BIRDS]
    letter = "\n\n".join(" ".join(rows[place : place + 4]) for place in range(0, len(rows), 4))
    folder = tmp_path / "versions"
    folder.mkdir()
    document = docx.Document()
    for paragraph in letter.split("\n\n"):
        document.add_paragraph(paragraph)
    document.save(folder / "walk.docx")
    (folder / "walk.html").write_text(f"<p>{'</p><p>'.join(letter.split(chr(10)))}</p>")
    (folder / "walk later.txt").write_text(letter.replace("nobody listened", "somebody listened", 2))
    (folder / "another walk.txt").write_text(letter.replace("the old quay", "12 old quays"))
    assert library.add([folder], workers=1).failed == 0
    hits = library.search("blackbird sang above the quay", kind="document", under=folder)
    assert sorted(len({under.path for under in hit.under} - {hit.path}) for hit in hits) == [0, 2]
    stacked = max(hits, key=lambda hit: len({under.path for under in hit.under}))
    copies = [under for under in stacked.under if under.is_copy_of(stacked)]
    assert {stacked.path, *(copy.path for copy in copies)} == {
        (folder / name).as_posix() for name in ("walk.docx", "walk.html", "walk later.txt")
    }
    assert stacked.under[-2:] == tuple(copies)
    assert stacked.under_why == ("copies" if len(stacked.under) == 2 else "pages and copies")
    single = library.search("blackbird sang above the quay", under=folder, limit=100, arrange=Arrangement(stack=False))
    assert len({hit.path for hit in single}) == 4


def test_pages_are_the_whole_list(library):
    for wanted in (
        Arrangement(),
        Arrangement(stack=False),
        Arrangement(group="folder"),
        Arrangement(group="day", sort="newest"),
        Arrangement(diversity=0.7),
        Arrangement(stack=False, group="document", sort="oldest"),
    ):
        for asked in ("red invoice", '"quiet at night" lighthouse'):
            terms = (Term(text=asked),)
            whole = library.answer(Query(terms, limit=100, arrange=wanted))
            assert not whole.more
            pages, more = [], True
            while more:
                answer = library.answer(Query(terms, limit=4, offset=len(pages), arrange=wanted))
                pages += answer.hits
                more = answer.more
            assert [(hit.rank, hit.id) for hit in pages] == [(hit.rank, hit.id) for hit in whole.hits]
            assert len({hit.id for hit in pages}) == len(pages)
            assert len({hit.path for hit in pages}) == len(NAMES) + len(INVOICES) + 3
            labels = [hit.group for hit in pages]
            assert len(set(labels)) == sum(one != other for one, other in zip(labels, [True, *labels], strict=False))


def test_more_like_a_hit_leaves_it_out(library):
    hit = library.search("red", kind="image", limit=1)[0]
    answer = library.answer(Query((Term(item=hit.id),), limit=100))
    assert hit.id not in [other.id for other in answer.hits]
    assert not answer.more
