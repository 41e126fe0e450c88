"""Towers of every family: opened, trained a little, saved, loaded, held against what they were."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from encoders import find_card, load_encoder, prepare
from encoders.errors import InputError, ModelError
from encoders.loading import plan_encoder
from encoders.training.heads import HeadConfig
from encoders.training.lora import LoraConfig
from encoders.training.model import open_trainable
from encoders.training.rates import parameter_groups

TEXTS = ["a black cat", "x", "a dog beside the harbour at night"]


def answers(tower, contents):
    tower.module.eval()
    with torch.no_grad():
        return tower.project(tower.features(*tower.inputs(contents))).numpy()


def step(groups):
    """Plain gradient descent: importing torch's optimisers takes longer than all these tests."""
    with torch.no_grad():
        for group in groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad, alpha=group["lr"])


def learn(tower, contents, rates=(("*", 1e-2),), steps=2):
    """Push the answers somewhere else."""
    tower.module.train()
    groups = parameter_groups(tower.module, rates)
    goal = torch.nn.functional.normalize(torch.randn(len(contents), tower.dimension), dim=-1)
    for _ in range(steps):
        tower.module.zero_grad()
        (tower.project(tower.features(*tower.inputs(contents))) - goal).pow(2).sum().backward()
        step(groups)


def pixels(encoder, files):
    return [prepare(Image.open(file).convert("RGB"), encoder.picture_spec) for file in files]


def cosines(left, right):
    return (left * right).sum(1)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.usefixtures("in_torch")
class TestOneSide:
    def test_only_queries_leaves_the_candidates_as_they_were(self, small_clip, networks, picture_files, tmp_path):
        base = load_encoder(small_clip, networks)
        trainable = open_trainable(small_clip, networks, train="query", shared=False)
        towers = trainable.towers
        assert [tower.name for tower in towers.values()] == ["query.text", "query.image", "candidate.text", "candidate.image"]
        assert not any(parameter.requires_grad for parameter in towers["candidate", "text"].module.parameters())
        learn(towers["query", "text"], TEXTS)
        trainable.save(tmp_path / "model", {})
        trained = load_encoder(f"trained:{tmp_path / 'model'}", networks)

        assert trained.candidate_fingerprints == base.candidate_fingerprints
        assert trained.query_fingerprints["image"] == base.query_fingerprints["image"]
        assert trained.query_fingerprints["text"] != base.query_fingerprints["text"]
        stored = base.encode_candidates("text", TEXTS)
        assert (trained.encode_candidates("text", TEXTS) == stored).all()
        queries = np.stack([trained.encode_query(text) for text in TEXTS])
        assert cosines(queries, stored).max() < 0.999
        assert cosines(queries, answers(towers["query", "text"], TEXTS)).min() > 0.9999

    def test_only_candidates_leaves_the_queries_as_they_were(self, small_clip, networks, picture_files, tmp_path):
        base = load_encoder(small_clip, networks)
        trainable = open_trainable(small_clip, networks, train="candidate", shared=False)
        learn(trainable.towers["candidate", "image"], picture_files)
        trainable.save(tmp_path / "model", {})
        trained = load_encoder(f"trained:{tmp_path / 'model'}", networks)

        assert trained.query_fingerprints == base.query_fingerprints
        assert trained.candidate_fingerprints["text"] == base.candidate_fingerprints["text"]
        assert trained.candidate_fingerprints["image"] != base.candidate_fingerprints["image"]
        candidates = trained.encode_candidates("image", pixels(base, picture_files))
        assert cosines(candidates, base.encode_candidates("image", pixels(base, picture_files))).max() < 0.999
        assert cosines(candidates, answers(trainable.towers["candidate", "image"], picture_files)).min() > 0.9999

    def test_sbert_s_sides_do_not_share_what_one_of_them_learned(self, small_sbert, networks, tmp_path):
        base = load_encoder(small_sbert, networks)
        trainable = open_trainable(small_sbert, networks, train="query", shared=False, head=HeadConfig("mlp", hidden=8))
        learn(trainable.towers["query", "text"], TEXTS)
        trainable.save(tmp_path / "model", {})
        trained = load_encoder(f"trained:{tmp_path / 'model'}", networks)
        assert trained.candidate_fingerprints == base.candidate_fingerprints
        assert (trained.encode_candidates("text", TEXTS) == base.encode_candidates("text", TEXTS)).all()
        queries = np.stack([trained.encode_query(text) for text in TEXTS])
        assert cosines(queries, answers(trainable.towers["query", "text"], TEXTS)).min() > 0.9999

    def test_a_shared_tower_is_one_object_and_one_file(self, small_clip, networks, tmp_path):
        trainable = open_trainable(small_clip, networks, train="both", shared=True)
        text = trainable.towers["query", "text"]
        assert text is trainable.towers["candidate", "text"]
        assert text.name == "text"
        learn(text, TEXTS)
        trainable.save(tmp_path / "model", {})
        assert len(list((tmp_path / "model").glob("text-*.safetensors"))) == 1
        plan = plan_encoder(f"trained:{tmp_path / 'model'}", networks)
        assert plan.towers["query", "text"] is plan.towers["candidate", "text"]
        assert plan.towers["query", "image"] is plan.towers["candidate", "image"]

    def test_prompts_share_a_network_too(self, make_sbert, networks, tmp_path):
        spec = make_sbert(prompts={"query": "find this: ", "document": "passage: "})
        trainable = open_trainable(spec, networks, train="both", shared=True)
        query, candidate = trainable.towers["query", "text"], trainable.towers["candidate", "text"]
        assert query is not candidate
        assert query.module is candidate.module
        assert query.inputs(["cat"])[0].tolist() != candidate.inputs(["cat"])[0].tolist()
        learn(query, TEXTS)
        trainable.save(tmp_path / "model", {})
        trained = load_encoder(f"trained:{tmp_path / 'model'}", networks)
        assert cosines(trained.encode_candidates("text", TEXTS), answers(candidate, TEXTS)).min() > 0.9999
        assert trained.query_fingerprints != trained.candidate_fingerprints

    def test_what_learned_nothing_keeps_its_fingerprint(self, small_clip, networks, tmp_path):
        base = plan_encoder(small_clip, networks)
        heads, lora = HeadConfig("mlp", hidden=8), LoraConfig(rank=2)
        trainable = open_trainable(small_clip, networks, train="both", shared=True, head=heads, lora=lora)
        assert trainable.towers["query", "text"].module is not None  # loaded, and yet unchanged
        trainable.save(tmp_path / "model", {})
        assert not list((tmp_path / "model").glob("*.safetensors"))
        plan = plan_encoder(f"trained:{tmp_path / 'model'}", networks)
        assert {place: tower.fingerprint for place, tower in plan.towers.items()} == {
            place: tower.fingerprint for place, tower in base.towers.items()
        }


@pytest.mark.usefixtures("in_torch")
class TestMixed:
    def test_two_cards_become_one_space(self, small_clip, small_sbert, networks, picture_files, tmp_path):
        specs = {"text": small_sbert, "image": small_clip}
        head = {"text": HeadConfig("mlp", dimension=32, hidden=16)}
        trainable = open_trainable(specs, networks, train="both", shared=True, head=head)
        learn(trainable.towers["query", "text"], TEXTS, [("head.*", 1e-2), ("*", 0)])
        trainable.save(tmp_path / "model", {"title": "Mixed", "score_ranges": {("text", "image"): (0.2, 0.5)}})
        trained = load_encoder(f"trained:{tmp_path / 'model'}", networks)
        assert trained.dimension == 32
        assert trained.query_modalities == {"text", "image"}
        queries = np.stack([trained.encode_query(text) for text in TEXTS])
        assert cosines(queries, answers(trainable.towers["query", "text"], TEXTS)).min() > 0.9999
        assert (
            trained.candidate_fingerprints["image"] == plan_encoder(small_clip, networks).towers["query", "image"].fingerprint
        )
        assert trained.encode_candidates("image", pixels(trained, picture_files)).shape == (4, 32)
        card = find_card(f"trained:{tmp_path / 'model'}")
        assert (card.title, card.dimension, card.modalities) == ("Mixed", 32, ("text", "image"))
        assert card.score_ranges["text", "image"] == (0.2, 0.5)
        assert len(card.score_ranges) == 4

    def test_one_tower_a_side_is_enough(self, small_clip, small_sbert, networks, tmp_path):
        specs = {"query.text": small_sbert, "candidate.image": small_clip}
        head = {"query.text": HeadConfig(dimension=32)}
        trainable = open_trainable(specs, networks, train="query", shared=False, head=head)
        trainable.save(tmp_path / "model", {})  # a projection that never learned is still needed
        trained = load_encoder(f"trained:{tmp_path / 'model'}", networks)
        assert (trained.query_modalities, trained.candidate_modalities) == ({"text"}, {"image"})
        assert trained.encode_query("a cat").shape == (32,)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({}, "need one dimension; got query.text 48, query.image 32"),
            ({"head": {"nothing": HeadConfig()}}, "no tower 'nothing'; name one of: text, image, query.text"),
            ({"train": "query"}, "cannot be shared when only the query side"),
        ],
    )
    def test_what_does_not_fit_is_said(self, small_clip, small_sbert, networks, settings, message):
        settings = {"train": "both", "shared": True, **settings}
        with pytest.raises(InputError, match=message):
            open_trainable({"text": small_sbert, "image": small_clip}, networks, **settings)

    def test_sides_of_different_cards_cannot_be_shared(self, small_sbert, make_sbert, networks):
        specs = {"query.text": small_sbert, "candidate.text": make_sbert(prompts={"document": "passage: "})}
        with pytest.raises(InputError, match="text towers cannot be shared"):
            open_trainable(specs, networks, train="both", shared=True)

    def test_unusual_makes_are_refused(self, make_sbert, networks):
        spec = make_sbert(prompts={"query": "find: ", "document": "text: "}, include_prompt=False)
        with pytest.raises(InputError, match="unusual make"):
            open_trainable(spec, networks, train="both", shared=True)

    def test_towers_that_a_card_lacks_are_named(self, small_sbert, networks):
        with pytest.raises(InputError, match=r"has no query\.image tower"):
            open_trainable({"image": small_sbert}, networks, train="both", shared=True)


@pytest.mark.usefixtures("in_torch")
class TestHeadsAndLora:
    @pytest.mark.parametrize("head", [HeadConfig("linear"), HeadConfig("mlp", hidden=8, dropout=0.5)])
    def test_an_untrained_head_changes_nothing(self, small_clip, networks, picture_files, head):
        plain = open_trainable(small_clip, networks, train="both", shared=True)
        headed = open_trainable(small_clip, networks, train="both", shared=True, head=head)
        for modality, contents in (("text", TEXTS), ("image", picture_files)):
            left, right = (answers(one.towers["query", modality], contents) for one in (plain, headed))
            assert np.abs(left - right).max() < 1e-6

    @pytest.mark.parametrize("modality", ["text", "image"])
    def test_lora_is_merged_when_saved(self, small_clip, networks, picture_files, tmp_path, modality):
        trainable = open_trainable(small_clip, networks, train="both", shared=True, lora=LoraConfig(rank=2, alpha=8))
        tower, contents = trainable.towers["query", modality], {"text": TEXTS, "image": picture_files}[modality]
        base = answers(tower, contents)
        names = [name for name, parameter in tower.module.named_parameters() if parameter.requires_grad]
        assert names
        assert all("lora_" in name for name in names)
        assert any(".attn." in name for name in names)
        learn(tower, contents, [("*", 1.0)])
        learned = answers(tower, contents)
        assert cosines(base, learned).min() < 0.999
        trainable.save(tmp_path / "model", {})
        trained = load_encoder(f"trained:{tmp_path / 'model'}", networks)
        given = pixels(trained, picture_files) if modality == "image" else TEXTS
        assert cosines(trained.encode_candidates(modality, given), learned).min() > 0.9999
        assert (answers(tower, contents) == learned).all()  # saving leaves the tower as it is, to go on with

    def test_lora_of_a_pattern_that_fits_nothing_names_the_nearest(self, small_sbert, networks):
        lora = LoraConfig(layers=("trunk.*.qery",))
        trainable = open_trainable(small_sbert, networks, train="both", shared=True, lora=lora)
        with pytest.raises(InputError, match=r"no layer for LoRA is called 'trunk.\*.qery'. The nearest: trunk.*query,"):
            _ = trainable.towers["query", "text"].module

    def test_lora_of_chosen_layers(self, small_sbert, networks):
        lora = LoraConfig(layers=("trunk.*.layer.1.*.query",))
        trainable = open_trainable(small_sbert, networks, train="both", shared=True, lora=lora)
        module = trainable.towers["query", "text"].module
        learning = {name.partition(".lora_")[0] for name, one in module.named_parameters() if one.requires_grad}
        assert len(learning) == 1
        assert learning.pop().endswith("layer.1.attention.self.query")

    @pytest.mark.parametrize("wrong", [{"kind": "deep"}, {"hidden": 0}, {"dimension": 0}, {"dropout": 1.0}])
    def test_heads_that_cannot_be(self, wrong):
        with pytest.raises(InputError, match="a head"):
            HeadConfig(**wrong)

    def test_lora_that_cannot_be(self):
        with pytest.raises(InputError, match="rank 0"):
            LoraConfig(rank=0)


@pytest.mark.usefixtures("in_torch")
class TestFolder:
    @pytest.fixture
    def saved(self, small_sbert, networks, tmp_path):
        trainable = open_trainable(small_sbert, networks, train="both", shared=True)
        learn(trainable.towers["query", "text"], TEXTS)
        trainable.save(tmp_path / "first", {"title": "First", "languages": ["en"], "quality": {"R@1": 0.5}})
        return trainable, tmp_path / "first"

    def test_card_says_what_was_said(self, saved):
        card = find_card(f"trained:{saved[1]}")
        assert (card.id, card.title, card.languages, card.quality) == (f"trained:{saved[1]}", "First", ("en",), {"R@1": 0.5})
        assert card.modalities == ("text",)
        assert card.score_ranges == {("text", "text"): (0.10, 0.70)}

    def test_unknown_things_about_it_are_refused(self, saved, tmp_path):
        with pytest.raises(InputError, match="says nothing of colour"):
            saved[0].save(tmp_path / "x", {"colour": "red"})

    def test_training_further_on_a_trained_folder(self, saved, networks, tmp_path):
        further = open_trainable(f"trained:{saved[1]}", networks, train="both", shared=True, head=HeadConfig())
        start = answers(further.towers["query", "text"], TEXTS)
        assert cosines(start, answers(saved[0].towers["query", "text"], TEXTS)).min() > 0.9999
        learn(further.towers["query", "text"], TEXTS, [("head.*", 0.1), ("*", 0)])
        further.save(tmp_path / "second", {})
        trained = load_encoder(f"trained:{tmp_path / 'second'}", networks)
        assert cosines(trained.encode_candidates("text", TEXTS), answers(further.towers["query", "text"], TEXTS)).min() > 0.9999
        again = open_trainable(f"trained:{tmp_path / 'second'}", networks, train="both", shared=True)  # its own head now
        assert {name.partition(".")[0] for name, _ in again.towers["query", "text"].module.named_parameters()} == {
            "trunk",
            "head",
        }
        learn(again.towers["query", "text"], TEXTS, [("head.*", 0.1), ("*", 0)])
        again.save(tmp_path / "third", {})
        third = load_encoder(f"trained:{tmp_path / 'third'}", networks)
        assert cosines(third.encode_candidates("text", TEXTS), answers(again.towers["query", "text"], TEXTS)).min() > 0.9999

    def test_a_folder_is_not_replaced_by_what_stands_on_it(self, saved, networks, tmp_path, monkeypatch):
        further = open_trainable(f"trained:{saved[1]}", networks, train="both", shared=True)
        further.save(tmp_path / "second", {})
        monkeypatch.chdir(tmp_path)
        third = open_trainable("trained:second", networks, train="both", shared=True)
        for folder in ("first", "second"):
            with pytest.raises(InputError, match=f"{folder} cannot be replaced by what was trained from it"):
                third.save(Path(folder), {})

    def test_folders_move_together(self, saved, networks, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        further = open_trainable("trained:first", networks, train="both", shared=True)
        learn(further.towers["query", "text"], TEXTS)
        further.save(Path("deep/second"), {})
        (tmp_path / "elsewhere").mkdir()
        shutil.copytree(tmp_path / "first", tmp_path / "elsewhere" / "first")
        shutil.copytree(tmp_path / "deep", tmp_path / "elsewhere" / "deep")
        shutil.rmtree(tmp_path / "first")
        monkeypatch.chdir("/")
        assert load_encoder(f"trained:{tmp_path / 'elsewhere' / 'deep' / 'second'}", networks).dimension == 48
        with pytest.raises(
            ModelError, match=r"was trained on trained:../../first, which cannot be had: there is no trained model"
        ):
            load_encoder(f"trained:{tmp_path / 'deep' / 'second'}", networks)

    def test_damaged_weights_are_refused(self, saved, networks):
        (file,) = saved[1].glob("*.safetensors")
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        with pytest.raises(ModelError, match=r"text-.*\.safetensors are damaged: expected SHA-256"):
            load_encoder(f"trained:{saved[1]}", networks)
        file.unlink()
        with pytest.raises(ModelError, match="cannot be read"):
            load_encoder(f"trained:{saved[1]}", networks)

    def test_a_base_that_changed_is_refused_with_both_fingerprints(self, saved, networks, small_sbert):
        (Path(small_sbert.partition(":")[2]) / "extra.json").write_text("{}")
        try:
            with pytest.raises(ModelError, match=r"was trained on sbert:.* with fingerprint \w{16}; sbert:.* now has \w{16}"):
                load_encoder(f"trained:{saved[1]}", networks)
        finally:
            (Path(small_sbert.partition(":")[2]) / "extra.json").unlink()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"format": 2}, "has format 2; this release reads up to 1. Update Skybridge"),
            ({"towers": {}}, "names no towers"),
            (
                {"towers": {"left.text": {"base": "starter", "base_fingerprint": "0", "dimension": 3}}},
                "names a tower 'left.text'",
            ),
            (
                {"towers": {"query.text": {"base": "starter", "base_fingerprint": "0", "dimension": 3, "weights": "../x"}}},
                "names the weights '../x'",
            ),
            ({"colour": "red"}, "is not a trained model's card, or it is damaged"),
        ],
    )
    def test_cards_that_cannot_be_read(self, saved, change, message):
        file = saved[1] / "card.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
        with pytest.raises(ModelError, match=message):
            find_card(f"trained:{saved[1]}")

    def test_cut_card_and_no_card(self, saved, tmp_path):
        file = saved[1] / "card.json"
        file.write_text(file.read_text()[:50])
        with pytest.raises(ModelError, match="damaged"):
            find_card(f"trained:{saved[1]}")
        with pytest.raises(ModelError, match=r"there is no trained model in .*python -m encoders train"):
            find_card(f"trained:{tmp_path / 'nothing'}")

    def test_a_folder_that_is_its_own_base(self, saved, networks):
        file = saved[1] / "card.json"
        file.write_text(
            file.read_text().replace(json.loads(file.read_text())["towers"]["query.text"]["base"], "trained:../first")
        )
        with pytest.raises(ModelError, match="its own base"):
            load_encoder(f"trained:{saved[1]}", networks)

    def test_saving_again_replaces_weights_and_leaves_other_files(self, saved, networks):
        trainable, folder = saved
        (folder / "metrics.jsonl").write_text("{}\n")
        (folder / "checkpoint.safetensors").write_bytes(b"the trainer's own")
        (folder / f"query.text-{'0' * 16}.safetensors").write_bytes(b"of a save that was killed")
        (folder / ".saving-killed").mkdir()
        (old,) = folder.glob("text-*.safetensors")
        learn(trainable.towers["query", "text"], TEXTS)
        trainable.save(folder, {})
        (new,) = folder.glob("text-*.safetensors")
        assert new != old
        assert sorted(path.name for path in folder.iterdir()) == [
            "card.json",
            "checkpoint.safetensors",
            "metrics.jsonl",
            new.name,
        ]

    def test_a_save_that_dies_leaves_the_old_model(self, saved, networks, monkeypatch):
        trainable, folder = saved
        before = load_encoder(f"trained:{folder}", networks).encode_query("a cat")
        learn(trainable.towers["query", "text"], TEXTS)
        monkeypatch.setattr("encoders.training.saving._card", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            trainable.save(folder, {})
        assert (load_encoder(f"trained:{folder}", networks).encode_query("a cat") == before).all()

    def test_a_reader_meets_the_old_or_the_new(self, saved, networks, monkeypatch):
        """The card is read, then a save replaces both card and weights, then the weights are looked for."""
        import encoders.trained_tower as module

        trainable, folder = saved
        learn(trainable.towers["query", "text"], TEXTS)
        read, cards = module.read_trained_card, []

        def read_then_save(place):
            cards.append(read(place))
            if len(cards) == 1:
                trainable.save(folder, {"title": "Second"})
            return cards[-1]

        monkeypatch.setattr(module, "read_trained_card", read_then_save)
        encoder = load_encoder(f"trained:{folder}", networks)
        assert (
            cosines(encoder.encode_candidates("text", TEXTS), answers(trainable.towers["query", "text"], TEXTS)).min() > 0.9999
        )

    def test_numbers_that_are_not_finite_are_not_saved(self, saved):
        trainable, folder = saved
        with torch.no_grad():
            next(trainable.towers["query", "text"].module.parameters()).fill_(float("nan"))
        before = (folder / "card.json").read_bytes()
        with pytest.raises(ModelError, match="not finite"):
            trainable.save(folder, {})
        assert (folder / "card.json").read_bytes() == before


def test_inputs_are_whole_batches_in_order(small_sbert, networks):
    tower = open_trainable(small_sbert, networks, train="both", shared=True).towers["query", "text"]
    texts = [f"{'word ' * (place % 40)}cat {place}" for place in range(70)]  # more than one batch of many lengths
    ids, mask = tower.inputs(texts)
    assert ids.shape == mask.shape == (70, 32)
    alone = np.concatenate([answers(tower, [text]) for text in texts])
    assert cosines(answers(tower, texts), alone).min() > 0.9999


def test_inputs_are_padded_no_further_than_the_longest(small_sbert, networks):
    tower = open_trainable(small_sbert, networks, train="query", shared=False).towers["query", "text"]
    ids, mask = tower.inputs(["a fox", "a red fox in snow"])
    assert mask.sum(1).tolist() == [4, 7], "both with a token before and one behind"
    assert ids.shape == mask.shape == (2, 7)


def test_wrong_inputs_are_named(small_clip, networks, picture_files):
    towers = open_trainable(small_clip, networks, train="both", shared=True).towers
    with pytest.raises(InputError, match="text takes texts, got the file"):
        towers["query", "text"].inputs(picture_files)
    with pytest.raises(InputError, match="image takes picture files, got the text 'cat'"):
        towers["query", "image"].inputs(["cat"])
    with pytest.raises(InputError, match="text 1 is empty"):
        towers["query", "text"].inputs(["cat", " "])
    with pytest.raises(InputError, match="empty batch"):
        towers["query", "text"].inputs([])


@pytest.mark.parametrize("modality", ["text", "image"])
def test_openvino_runs_what_was_trained(small_clip, networks, picture_files, tmp_path, monkeypatch, modality):
    head = HeadConfig("mlp", hidden=16)
    trainable = open_trainable(small_clip, networks, train="both", shared=True, head=head)
    contents = {"text": TEXTS, "image": picture_files}[modality]
    learn(trainable.towers["query", modality], contents)
    trainable.save(tmp_path / "model", {})
    monkeypatch.setenv("SKYBRIDGE_RUNTIME", "openvino")
    trained = load_encoder(f"trained:{tmp_path / 'model'}", tmp_path / "networks")
    assert "torch" not in trained.runtime
    given = pixels(trained, picture_files) if modality == "image" else TEXTS
    assert (
        cosines(trained.encode_candidates(modality, given), answers(trainable.towers["query", modality], contents)).min()
        > 0.999
    )
