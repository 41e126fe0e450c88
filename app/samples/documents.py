"""Short documents of the sample library, in several formats. All text is our own."""

import io
import zipfile
from collections.abc import Callable

__all__ = ["DOCUMENTS"]

_FIXED = (2024, 1, 1, 0, 0, 0)  # zip members carry a date; a fixed one keeps the bytes the same

_PANCAKES = """# Fluffy pancakes

Makes about ten. A weekend breakfast that needs one bowl and fifteen minutes.

- 200 g flour
- 2 teaspoons baking powder, a pinch of salt, a spoon of sugar
- 1 egg
- 300 ml milk
- a little butter for the pan

Whisk the dry things, add egg and milk, stir until just smooth and let the batter rest for ten minutes. Fry ladlefuls in
butter over medium heat; turn them when bubbles open on top. Serve with maple syrup and blueberries.
"""

_KITTEN = """Looking after a new pet at home

Give a kitten one quiet room for the first days, with a litter box, fresh water and a place to hide. Feed small meals
three times a day and keep to the same hours. The first visit to the vet is for vaccination and a check of teeth and ears.
Brush the coat once a week. A scratching post saves the sofa; ten minutes of play in the evening save your sleep.
"""

_LISBON = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Four days in Lisbon</title></head><body>
<h1>Four days in Lisbon</h1>
<p>We took the yellow tram up to the castle and walked down through Alfama, past tiled houses and drying laundry. In the
evening we sat above the river and listened to fado.</p>
<p>The second day went to Belem: the monastery, the tower on the water, and custard tarts still warm from the oven. By train
to Sintra for the palaces in the fog. On the last morning we swam in the Atlantic at Cascais; the water was cold.</p>
</body></html>
"""

_BUDGET = """month,rent,groceries,electricity,transport,savings
January,980,412,96,74,350
February,980,388,104,74,360
March,980,431,88,91,300
April,980,405,71,66,420
May,980,396,58,70,440
June,980,442,52,118,280
"""

_POEM = """The Ferry at Six

The river keeps the colour of the rain,
a bell, a rope, the engine's patient hum;
behind us all the windows of the town
light one by one, for those who are to come.

I lean on iron, watch the wake unfold,
a road that closes softly where we were;
the gulls write something quickly on the cold
and rub it out, and write again, and stir.
"""

_GARDEN = """# Vegetable garden, month by month

**March** Sow tomatoes and peppers indoors on a warm window sill. Dig compost into the beds.

**April** Plant potatoes, onions and peas. Cover the lettuce when nights are frosty.

**May** After the last frost the tomatoes move outside. Give them stakes, and water at the root, not on the leaves.

**July** Pick beans and courgettes every second day, or they grow tough. Mulch with straw against the heat.

**October** Harvest pumpkins, plant garlic, rake leaves onto the empty beds.
"""

_MAIL = """From: Nora Lindqvist <nora@example.org>
To: everyone@example.org
Subject: Broken heating on the second floor
Date: Mon, 08 Jan 2024 08:12:00 +0100
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Good morning,

the heating on the second floor has been cold since Sunday. A plumber comes on Tuesday between nine and eleven and needs to
get to every radiator, so please clear the window sides of your desks. Until then there are two electric heaters in the
meeting room.

Nora
"""

_MEETING = (
    "Minutes of the planning meeting",
    (
        "Present: Amara, Jonas, Li, Petra. Held on 14 March in the library room, 10:00 to 11:15.",
        "Release. The team agreed to move the release from April to the second week of May, because the translation of the "
        "handbook is late. Jonas tells the customers by Friday.",
        "Budget. Travel is ten percent over plan. Petra proposes that the autumn workshop is held online; accepted.",
        "Hiring. Two candidates for the support desk come for interviews next week. Li prepares the questions.",
        "Next meeting: 11 April, 10:00.",
    ),
)

_INVOICE = (
    (
        "Invoice 2024-0117",
        "Harbour Street Carpenters, 12 Harbour Street",
        "Bill to: Oakfield Bakery, 3 Mill Lane",
        "Date: 17 January 2024",
        "",
        "Bread shelves, oak, oiled: 4 pieces at 180.00        720.00",
        "Counter top, beech, 2.4 m                            640.00",
        "Delivery and assembly, 6 hours at 55.00              330.00",
        "",
        "Sum                                                 1690.00",
        "VAT 20 percent                                       338.00",
        "Total to pay                                        2028.00",
    ),
    (
        "Terms of payment",
        "Please pay within 30 days to the account on our letterhead.",
        "Two percent discount for payment within ten days.",
        "The wood keeps its warranty for five years if it is oiled once a year.",
    ),
)

_RUNNING = """Training plan: half marathon in ten weeks

Weeks 1 to 3: run three times a week, 30 to 45 minutes, slow enough to talk. One session of leg and core strength.
Weeks 4 to 7: add intervals, six times 800 metres with easy jogging between them. The long run on Sunday grows to 16 km.
Weeks 8 and 9: one run at race pace for 8 km, one long run of 19 km.
Week 10: rest, sleep, two short jogs. Lay out shoes and number the evening before.
"""


def _word() -> bytes:
    from docx import Document

    title, paragraphs = _MEETING
    document = Document()
    document.core_properties.title = title
    document.core_properties.author = "Skybridge"
    document.add_heading(title, level=1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    written = io.BytesIO()
    document.save(written)
    return _same_dates(written.getvalue())


def _same_dates(archive: bytes) -> bytes:
    """A zip archive with the same members, each dated alike."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(zipfile.ZipInfo(member.filename, _FIXED), old.read(member), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _pdf() -> bytes:
    """A PDF with one page of Helvetica text for each entry of the invoice."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    pages = []
    for lines in _INVOICE:
        shown = " T* ".join(f"({line.replace('(', '[').replace(')', ']')}) Tj" for line in lines)
        stream = f"BT /F1 12 Tf 18 TL 72 760 Td {shown} ET".encode("ascii")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
        objects.append(f"{page}/Contents {len(objects)} 0 R >>".encode("ascii"))
        pages.append(len(objects))
    kids = " ".join(f"{number} 0 R" for number in pages)
    objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode("ascii")
    objects.append(b"<< /Title (Invoice 2024-0117) >>")
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    root = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>" % (len(objects) + 1, len(objects))
    return written + root + b"\nstartxref\n%d\n%%%%EOF\n" % table


DOCUMENTS: dict[str, str | Callable[[], bytes]] = {
    "pancakes.md": _PANCAKES,
    "new kitten.txt": _KITTEN,
    "lisbon.html": _LISBON,
    "household budget.csv": _BUDGET,
    "the ferry at six.txt": _POEM,
    "vegetable garden.md": _GARDEN,
    "broken heating.eml": _MAIL,
    "planning meeting.docx": _word,
    "invoice 2024-0117.pdf": _pdf,
    "half marathon plan.txt": _RUNNING,
}
"""File name -> text, or what makes the bytes."""
