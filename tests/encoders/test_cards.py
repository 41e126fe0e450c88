import json
import subprocess
import sys

import pytest

from encoders import find_card, list_cards
from encoders.__main__ import main
from encoders.errors import ModelError


@pytest.mark.parametrize("spec", ["", "nothing", "starter:x", "openclip", "openclip:", "sbert: ", "trained:"])
def test_unknown_model_names_the_choices(spec):
    with pytest.raises(ModelError) as caught:
        find_card(spec)
    for card in list_cards():
        assert card.id in str(caught.value)


def test_family_cards_take_the_id_that_was_asked_for():
    card = find_card("openclip:ViT-B-32/laion2b_s34b_b79k")
    assert card.id == "openclip:ViT-B-32/laion2b_s34b_b79k"
    assert card.modalities == ("text", "image")
    assert find_card("sbert:/some/folder").modalities == ("text",)


def test_every_card_has_a_score_range_for_every_pair_of_its_modalities():
    for card in list_cards():
        pairs = {(query, candidate) for query in card.modalities for candidate in card.modalities}
        assert set(card.score_ranges) == pairs
        assert all(-1 <= low < high <= 1 for low, high in card.score_ranges.values())


def test_cards_command_prints_every_card(capsys):
    assert main(["cards"]) == 0
    printed = capsys.readouterr().out
    assert all(card.id in printed for card in list_cards())


def test_cards_command_prints_json(capsys):
    assert main(["cards", "--json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert [card["id"] for card in cards] == [card.id for card in list_cards()]
    assert cards[0]["score_ranges"]["text to image"] == list(find_card("starter").score_ranges["text", "image"])


def test_wrong_usage_exits_with_two():
    with pytest.raises(SystemExit) as caught:
        main(["nothing"])
    assert caught.value.code == 2


def test_importing_and_helping_load_nothing_heavy():
    program = (
        "import sys, encoders, encoders.__main__ as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('torch', 'openvino', 'PIL', 'timm', 'tokenizers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
