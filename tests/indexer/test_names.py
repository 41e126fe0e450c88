import pytest

from indexer.names import readable_name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("red-fox_in_snow 2.jpg", "red fox in snow"),
        ("RedFoxInSnow.png", "Red Fox In Snow"),
        ("Grandma's birthday (3).jpeg", "Grandma s birthday"),
        ("2023-05-01 harbour at night.jpg", "harbour at night"),
        ("IMG_2041 sunset.jpg", "sunset"),
        ("winter.copy.png", "winter"),
        ("apollo 11 landing.jpg", "apollo landing"),
        ("雪の狐.jpg", "雪の狐"),
        ("лиса_в_снегу_01.png", "лиса в снегу"),
        ("Müll.tar.gz", "Müll tar"),
    ],
)
def test_what_a_person_wrote_is_kept(name, words):
    assert readable_name(name) == words


@pytest.mark.parametrize(
    "name",
    [
        "IMG_2041.JPG", "DSC01234.ARW", "P1010023.jpg", "PXL_20230501_120000123.MP.jpg", "20230501_120000.jpg", "1.png",
        "9f86d081884c7d659a2feaa0c55ad015.png", "6f2e7a52-3d0c-5d5c-9b39-6a1f0b6c7d11.jpg",
        "Screenshot 2023-05-01 at 12.00.00.png",
        "WhatsApp Image 2023-05-01 at 12.00.00.jpeg", "scan0001.pdf", "untitled (2).png", "xkq.png", "_.jpg", "", "image.png",
        "aHR0cHM6Ly9leGFtcGxl.jpg",
    ],
)  # fmt: skip
def test_what_a_machine_wrote_is_no_caption(name):
    assert readable_name(name) is None
