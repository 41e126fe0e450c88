"""What `python -m encoders train` is told: the example, files of settings, and mistakes in them. No network is loaded."""

import re
from dataclasses import fields

import pytest

from encoders.__main__ import main
from encoders.errors import InputError
from encoders.training.config import Rate, TrainConfig
from encoders.training.config_file import parse_config, read_config, write_config

PAIRS = "query,item\n" + "".join(f"where is {place},it is in {place}\n" for place in ("rome", "oslo", "kyoto", "lima"))


@pytest.fixture
def train(tmp_path, monkeypatch, capsys):
    """Run the command in a folder of its own: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["train", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_example_is_all_settings_with_their_defaults_and_a_comment_each(train, tmp_path):
    code, out, err = train("--example")
    assert (code, err) == (0, "")
    (tmp_path / "my.toml").write_text(out)
    assert read_config(tmp_path / "my.toml") == TrainConfig()
    for section in fields(TrainConfig):
        assert f"[{section.name}]  # " in out
        for setting in fields(getattr(TrainConfig(), section.name)):
            line = re.search(rf"^{setting.name} = .*$", out, re.MULTILINE).group()
            assert "  # " in line or f"\n{line}" in out[out.index("#") :]
    assert max(map(len, out.splitlines())) <= 128


def test_what_is_written_is_what_is_read(tmp_path):
    config = parse_config(
        {
            "model": {"text": 'sbert:a "b"\\c', "train": "both", "shared": True},
            "data": {"train": ["ä/ö", "x.csv"]},
            "loss": {"matryoshka": [64, 128]},
            "optimiser": {"rates": [{"pattern": "*.head.*", "rate": 1e-4}, {"pattern": "*", "rate": 0}]},
        }
    )
    (tmp_path / "my.toml").write_text(write_config(config), encoding="utf-8")
    assert read_config(tmp_path / "my.toml") == config
    assert config.optimiser.rates[1] == Rate("*", 0.0)
    assert config.model.spec == {"text": 'sbert:a "b"\\c', "image": "starter"}


def test_rates_are_data_and_end_with_one_for_all():
    assert TrainConfig().rates == [("*.trunk.*", 0.0), ("*", 1e-3)]
    full = parse_config({"model": {"learn": "full"}, "optimiser": {"rates": [{"pattern": "*.head.*", "rate": 1}]}})
    assert full.rates == [("*.head.*", 1.0), ("*", 2e-5)]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"los": {}}, "[los]: there is no such section. Did you mean loss?"),
        ({"loss": 3}, "loss = 3: loss is a section; write [loss] on a line of its own"),
        ({"loss": {"knd": "bpr"}}, '[loss] knd = "bpr": there is no such setting. Did you mean kind?'),
        ({"loss": {"kind": "bbr"}}, 'it may be "softmax", "sigmoid", "bpr", "hinge". Did you mean bpr?'),
        ({"loss": {"both": 1}}, "[loss] both = 1: it must be true or false"),
        ({"run": {"seed": True}}, "[run] seed = true: it must be a whole number"),
        ({"run": {"seed": 1.5}}, "it must be a whole number"),
        ({"run": {"seed": -1}}, "[run] seed = -1: it must be 0 or more"),
        ({"loss": {"temperature": "warm"}}, '[loss] temperature = "warm": it must be a number'),
        ({"loss": {"temperature": float("nan")}}, "temperature = nan: it must be between"),
        ({"loss": {"temperature": 2.0}}, "one that is learned starts between 0.01 and 1"),
        ({"data": {"train": "photos"}}, '[data] train = "photos": it must be a list, in [ ]'),
        ({"data": {"train": [3]}}, 'it must be a text, in " "'),
        ({"data": {"held_out": 1.0}}, "it must be between 0.001 and 0.999"),
        ({"optimiser": {"rates": [{"pattern": "*"}]}}, "rate is missing"),
        ({"optimiser": {"rates": ["*"]}}, "it must be a list of {pattern"),
        ({"optimiser": {"rates": [{"pattern": "*", "rate": 1e38}]}}, "rates: 1e+38 for '*': it must be between 0 and 10"),
        ({"optimiser": {"batch_size": 1}}, "it must be 2 or more"),
        ({"model": {"shared": True}}, 'shared = true needs train = "both"; it is "query"'),
        ({"loss": {"kind": "bpr", "logq": "plain"}}, "belongs to the softmax loss"),
        ({"loss": {"matryoshka": [0]}}, "lengths are 1 or more"),
    ],
)
def test_each_mistake_is_named_with_its_key_and_value(said, says):
    with pytest.raises(InputError, match=re.escape(says)):
        parse_config(said)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (None, "the settings my.toml cannot be read: No such file or directory. Get some with"),
        ("[loss\n", "my.toml is not a TOML file"),
        ("[loss]\nkind = 'bbr'", "error: my.toml: [loss] kind"),
        ("", '[data] train = ["FOLDER-OR-FILE", ...]'),
        ("[data]\ntrain = ['gone']", "gone"),
        ("[data]\ntrain = ['empty.csv']", "empty.csv"),
        ("[data]\ntrain = ['bad.csv']", "bad.csv, line 2: "),
        ("[data]\ntrain = ['one.csv']", "cannot be split into two parts"),
        ("[data]\ntrain = ['pairs.csv']\nheld_out_from = ['bad.csv']", "bad.csv, line 3: "),
        ("[data]\ntrain = ['pairs.csv']\n[run]\nout = 'full'", "full holds other files"),
        ("[data]\ntrain = ['pairs.csv']\n[run]\nout = 'pairs.csv'", "pairs.csv is a file"),
    ],
)
def test_a_run_that_cannot_be_says_why_in_a_sentence_and_leaves_nothing(train, tmp_path, settings, says):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "pairs.csv").write_text(PAIRS)
    (tmp_path / "one.csv").write_text("".join(PAIRS.splitlines(keepends=True)[:2]))
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bad.csv").write_text("query,item\n,rome\nlima,\n")
    if settings is not None:
        (tmp_path / "my.toml").write_text(settings)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = train("my.toml")
    (error,) = re.findall(r"^error: .*", err, re.MULTILINE | re.DOTALL)
    assert (code, out) == (1, "")
    assert says in error
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_says_what_it_needs(train, tmp_path):
    assert train()[0] == 1
    assert "--example prints some" in train()[2]
    (tmp_path / "my.toml").write_text("[data]\ntrain = ['x']")
    assert "there is no run in new to go on with" in train("my.toml", "--out", "new", "--resume")[2]
    with pytest.raises(SystemExit) as end:
        train("--exmaple")
    assert end.value.code == 2
