"""`python -m encoders evaluate`: what goes to stdout and stderr, what mistakes say, what --help costs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from evaluation_doubles import Constant
from PIL import Image

from encoders import __main__ as command_line
from encoders.errors import FileError, MissingDependency
from encoders.evaluation import plot, report
from encoders.evaluation.run import evaluate
from encoders.training.pairs import Pair, PairSet

ROOT = Path(__file__).parents[3]
METRICS = {"R@1", "R@5", "R@10", "share@10", "MRR", "nDCG@10", "MAP", "median rank", "tail@10", "coverage@10", "Gini@10"}


@pytest.fixture
def evaluate_command(monkeypatch, capsys, build_encoder, colours):
    """Runs the command on pairs and models in memory."""
    models = {"starter": build_encoder(), "sbert:blind": build_encoder(Constant(), Constant())}
    asked = []

    def load(spec, cache=None):
        asked.append((spec, cache))
        return models[spec]

    monkeypatch.setattr("encoders.loading.load_encoder", load)
    monkeypatch.setattr("encoders.training.pair_files.read_pairs", lambda sources: colours)

    def run(*arguments):
        code = command_line.main(["evaluate", "data.csv", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    run.asked = asked
    return run


def test_a_table_goes_to_stdout_and_progress_to_stderr(evaluate_command, tmp_path):
    code, out, err = evaluate_command("--cache", tmp_path)
    assert code == 0
    assert evaluate_command.asked == [("starter", tmp_path)]
    assert "query to item: 6 queries among 6 candidates" in out
    assert "item to query: 6 queries among 6 candidates" in out
    row = next(line for line in out.splitlines() if line.startswith("R@1 "))
    assert row.split() == ["R@1", "1.000", "1.000", "to", "1.000", "0.167"]
    assert "with 6 candidates R@10 is 1 whatever the model" in out
    assert "starter: 6 items: pictures ..." in err


def test_json_is_one_object_with_everything(evaluate_command, colours):
    code, out, _ = evaluate_command("--json", "--worst", 3)
    found = json.loads(out)
    assert code == 0
    assert set(found) >= {"model", "data", "fingerprint", "pairs", "seconds", "directions", "refused", "notes"}
    assert found["fingerprint"] == colours.fingerprint
    forward = found["directions"]["query to item"]
    assert set(forward["metrics"]) == METRICS
    assert set(forward["metrics"]["R@1"]) == {"value", "low", "high", "chance"}
    assert (forward["queries"], forward["candidates"], forward["groups"], forward["worst"]) == (6, 6, 6, [])


def test_two_models_side_by_side(evaluate_command, tmp_path):
    code, out, _ = evaluate_command("--against", "sbert:blind", "--worst", 2, "--plot", tmp_path / "curves.png")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("R@1 "))
    assert row.split()[:4] == ["R@1", "1.000", "0.167", "+0.833"]
    assert "query to item, the worst of tiny:" in out
    assert "none: every right item comes first" in out
    assert "rank 3.5: " in out
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 400
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20
    code, out, _ = evaluate_command("--against", "sbert:blind", "--json")
    both = json.loads(out)
    assert set(both) == {"first", "second", "difference"}
    assert both["difference"]["query to item"]["R@1"]["p"] <= 0.1
    assert set(both["difference"]["item to query"]) == METRICS


def test_a_limit_draws_pairs_by_the_seed_and_says_so(evaluate_command):
    drawn = []
    for seed in (1, 1, 2, 3):
        _, out, _ = evaluate_command("--limit", 3, "--seed", seed, "--json", "--worst", 1)
        found = json.loads(out)
        assert found["pairs"] == 3
        assert found["data"] == f"colours (3 of 6 pairs, seed {seed})"
        drawn.append(found["fingerprint"])
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
    assert json.loads(evaluate_command("--limit", 60, "--json")[1])["data"] == "colours"


def test_popularity_is_counted_from_the_training_pairs(evaluate_command):
    _, out, _ = evaluate_command("--trained-on", "train.csv", "--json")
    assert json.loads(out)["directions"]["query to item"]["metrics"]["tail@10"]["value"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--model", "gpt-9"), "there is no model 'gpt-9'"),
        (("--against", "gpt-9"), "there is no model 'gpt-9'"),
        (("--plot", "curves.pdf"), "must end in .png"),
        (("--plot", "/nothing/here/curves.png"), "no folder /nothing/here"),
        (("--seed", "-1"), "--seed must be 0 or more"),
    ],
)
def test_mistakes_are_told_before_any_work(evaluate_command, arguments, says):
    code, out, err = evaluate_command(*arguments)
    assert (code, out, evaluate_command.asked) == (1, "", [])
    assert says in err


@pytest.mark.parametrize(
    "arguments", [["evaluate"], ["evaluate", "x.csv", "--limit", "0"], ["evaluate", "x", "--worst", "few"]]
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        command_line.main(arguments)
    assert end.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom encoders.__main__ import main\n"
        "try:\n    main(['evaluate', '--help'])\nexcept SystemExit as end:\n"
        "    heavy = {'torch', 'openvino', 'timm', 'open_clip', 'transformers', 'sentence_transformers', 'matplotlib', 'PIL'}\n"
        "    print('EXIT', end.code, *sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "EXIT 0"
    assert "--against" in done.stdout


def test_a_plot_of_one_item_and_one_that_cannot_be_written(encoder, tmp_path, monkeypatch):
    found = evaluate(encoder, PairSet("one", (Pair("red", "blue", "1"),)))
    plot.draw([found], tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 1000
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(FileError, match=r"folder\.png cannot be written"):
        plot.draw([found], tmp_path / "folder.png")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependency, match=r"pip install matplotlib>="):
        plot.check_plot(tmp_path / "one.png")


def test_long_lists_of_refused_rows_are_cut_and_long_texts_too(encoder, colours, tmp_path):
    bad = tuple(Pair(f"bad {number}", tmp_path / f"gone{number}.png", f"bad{number}") for number in range(14))
    long = Pair("red " * 60, "blue", "long")
    text = report.evaluation_text(evaluate(encoder, PairSet("bad", (*colours.pairs, *bad, long)), rounds=0), worst=4)
    assert "14 could not be used:" in text
    assert "and 4 more (--json has them all)" in text
    assert "red red red red ... " in text
    assert max(map(len, text.splitlines())) < 320
