"""Tests of the second tier's training: batches, losses, resuming, the graph, and a bundle end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="the extra deep-train is not installed")
pytest.importorskip("onnxruntime", reason="the extra deep-train is not installed")
pytest.importorskip("safetensors", reason="the extra deep-train is not installed")

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: E402

from moderation.errors import ConfigError, ModelError  # noqa: E402
from moderation.train.deep.encoder import Encoder, Shape, load_pretrained  # noqa: E402
from moderation.train.deep.export import export, export_one_byte, quantise, read_one_byte  # noqa: E402
from moderation.train.deep.loop import Settings, Targets, Trainer, half_pays, masked_loss  # noqa: E402
from moderation.train.deep.plan import batches, draw_rows  # noqa: E402
from moderation.train.deep.recipe import LaterTraining, deep_recipe  # noqa: E402
from moderation.train.deep.rows import targets_of  # noqa: E402
from moderation.train.deep.run import Runner  # noqa: E402
from moderation.train.deep.tokens import add_emoji, fold_forms, name_emoji, tokenise  # noqa: E402
from moderation.train.deep.weights import FACTS, averaged, float_logits, trainings_done  # noqa: E402
from moderation.train.recipe import LabelRecipe, read_recipe  # noqa: E402

# More threads than free cores wait for each other far longer than these sizes take to compute.
torch.set_num_threads(1)

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "you", "are", "nice", "bad", "the", "sun", "red", "heart", "##s"]
SMALL = Shape(vocabulary=len(WORDS), width=16, layers=2, heads=2, inner=32, positions=12)


@pytest.fixture
def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordPiece({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def encoder(seed: int = 0, labels: int = 2) -> Encoder:
    torch.manual_seed(seed)
    return Encoder(SMALL, labels)


def targets(rows: int) -> Targets:
    bad = np.arange(rows) % 2
    truth = np.stack((bad, np.full(rows, np.nan)), axis=1).astype(np.float32)
    weight = np.array([[1, 0]] * rows, np.float32)
    return Targets(truth, weight, np.zeros(rows, np.int64), np.ones((1, 2), np.float32))


def texts(rows: int) -> list[str]:
    return ["you are bad" if row % 2 else "the sun nice" for row in range(rows)]


def test_a_long_text_keeps_its_last_token(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, ["you are nice you are bad", "sun"], 5)
    assert tokens.lengths.tolist() == [5, 3]
    assert tokens.numbers.tolist() == [2, 4, 5, 6, 3, 2, 9, 3]


def test_letters_in_other_forms_read_as_plain_ones(tokenizer: Tokenizer) -> None:
    fold_forms(tokenizer)
    assert tokenizer.encode("\uff42\uff41\uff44 \U0001d42c\U0001d42e\U0001d427").tokens[1:3] == ["bad", "sun"]


def test_a_batch_is_padded_to_its_longest_text(tokenizer: Tokenizer) -> None:
    numbers, mask = tokenise(tokenizer, ["you are", "sun"], 5).batch(np.array([1, 0]))
    assert numbers.tolist() == [[2, 9, 3, 0], [2, 4, 5, 3]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]


def test_a_common_emoji_gets_a_token_that_means_its_name(tokenizer: Tokenizer) -> None:
    heavy = "\u2764"
    found = add_emoji(tokenizer, [heavy, f"sun{heavy}", f"{heavy}{heavy}", "\u2600", "caf\u00e9"])
    assert found == [heavy]
    assert tokenizer.encode(f"sun{heavy}").tokens == ["[CLS]", "sun", heavy, "[SEP]"]
    words = torch.arange(28.0).reshape(14, 2)
    name_emoji(words, tokenizer, found)
    # Its Unicode name is HEAVY BLACK HEART, and of these words only the last is known.
    assert words[13].tolist() == ((words[1] * 2 + words[11]) / 3).tolist()


def test_rows_are_drawn_as_often_as_the_recipe_says() -> None:
    corpus = np.array(["a"] * 4 + ["b"] * 4 + ["c"], object)
    positive = np.array([True, True, False, False] * 2 + [True])
    drawn = draw_rows(corpus, positive, {"a": (2.0, 0.5), "b": 1.0}, np.random.default_rng(0))
    counts = np.bincount(drawn, minlength=9)
    assert counts[:2].tolist() == [2, 2]
    assert counts[2:4].sum() == 1
    assert counts[4:].tolist() == [1, 1, 1, 1, 0]


def test_batches_hold_every_drawn_row_once_and_rows_of_like_length() -> None:
    lengths = np.tile([3, 50], 64)
    cut = batches(np.arange(128), lengths, 16, np.random.default_rng(0))
    assert sorted(np.concatenate(cut).tolist()) == list(range(128))
    assert all(len(set(lengths[part])) == 1 for part in cut)


def test_labels_that_a_row_does_not_carry_add_nothing() -> None:
    logits = torch.tensor([[3.0, 5.0], [-2.0, 1.0]], requires_grad=True)
    truth = torch.tensor([[1.0, float("nan")], [0.0, 1.0]])
    weight = torch.tensor([[1.0, 0.0], [1.0, 0.5]])
    loss = masked_loss(logits, truth, weight)
    loss.backward()
    expected = (np.log1p(np.exp(-3)) + np.log1p(np.exp(-2)) + 0.5 * np.log1p(np.exp(-1))) / 2
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-6)
    assert logits.grad is not None and float(logits.grad[0, 1]) == 0


def test_a_corpus_counts_for_the_labels_that_name_it() -> None:
    frame = pd.DataFrame(
        {
            "corpus": ["x", "x", "y"],
            "weight": [1.0, 0.5, 1.0],
            "abusive": [1.0, 0.0, 1.0],
            "insult": [np.nan, 1.0, 0.0],
        }
    )
    labels = {
        "abusive": LabelRecipe(0.1, 1, {"x": 2.0, "y": 1.0}, ()),
        "insult": LabelRecipe(0.1, 1, {"y": 1.0}, ()),
    }
    found = targets_of(frame, labels)
    assert found.weight.tolist() == [[2, 0], [1, 0], [1, 1]]
    # Only x holds both classes of a label that it trains.
    assert found.own.tolist() == [[1, 0], [0, 0]]


def test_training_learns_what_the_rows_say(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, texts(64), 8)
    trained = encoder()
    plan = [np.arange(64)] * 30
    Trainer(trained, targets(64), Settings(rate=1e-2, head_rate=1e-2, half=False), 1).run(tokens, plan)
    trained.eval()
    bad = torch.sigmoid(trained(*tokens.batch(np.array([0, 1])))[:, 0]).tolist()
    assert bad[0] < 0.2 and bad[1] > 0.8


@pytest.mark.parametrize(
    ("known", "pays"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx512_f": True}, False)],
)
def test_bfloat16_is_for_processors_that_have_it(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, bool], pays: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    assert half_pays() is pays
    assert Settings().half is pays


def test_word_vectors_stay_as_they_were(tokenizer: Tokenizer) -> None:
    trained, before = encoder(), encoder().words.weight.clone()
    plan = [np.arange(8)] * 3
    Trainer(trained, targets(8), Settings(), 1).run(tokenise(tokenizer, texts(8), 8), plan)
    assert torch.equal(trained.words.weight, before)


def test_a_stopped_training_ends_as_an_unbroken_one(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokens, plan = tokenise(tokenizer, texts(16), 8), [np.arange(16)[at::4] for at in range(4)] * 2
    settings = Settings(rate=1e-2, head_rate=1e-2, save_seconds=0)
    whole = encoder()
    Trainer(whole, targets(16), settings, 1).run(tokens, plan)

    class Stopped(Exception):
        pass

    class StopsAtThree(Trainer):
        def _save(self, path: Path, steps: int) -> None:
            super()._save(path, steps)
            if self.step == 3:
                raise Stopped

    checkpoint = tmp_path / "training.pt"
    with pytest.raises(Stopped):
        StopsAtThree(encoder(), targets(16), settings, 1).run(tokens, plan, checkpoint)
    resumed = encoder(seed=5)
    trainer = Trainer(resumed, targets(16), settings, 1)
    trainer.run(tokens, plan, checkpoint)
    assert trainer.step == 8
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_averaged_weights_lie_half_way() -> None:
    one, other = encoder(seed=1), encoder(seed=2)
    for mean, a, b in zip(*(e.parameters() for e in (averaged([one, other]), one, other)), strict=True):
        assert torch.allclose(mean, (a + b) / 2)
    assert all(map(torch.equal, averaged([one]).parameters(), one.parameters()))
    uneven = averaged([one, other], [0.75, 0.25])
    for mean, a, b in zip(*(e.parameters() for e in (uneven, one, other)), strict=True):
        assert torch.allclose(mean, 0.75 * a + 0.25 * b)


def test_a_checkpoint_of_another_training_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokens, checkpoint = tokenise(tokenizer, texts(4), 8), tmp_path / "training.pt"
    Trainer(encoder(), targets(4), Settings(), 1).run(tokens, [np.arange(4)] * 2, checkpoint)
    others = [
        (Settings(), [np.arange(4)] * 3),
        (Settings(), [np.arange(4), np.arange(4)[::-1]]),
        (Settings(rate=2e-5), [np.arange(4)] * 2),
    ]
    for settings, plan in others:
        with pytest.raises(ModelError, match="another training"):
            Trainer(encoder(), targets(4), settings, 1).run(tokens, plan, checkpoint)


def test_pretrained_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(ModelError, match="lack"):
        load_pretrained(encoder(), {})
    wrong = {"embeddings.word_embeddings.weight": torch.zeros(4, 7)}
    with pytest.raises(ModelError, match="shape"):
        load_pretrained(encoder(), wrong)


def test_the_graph_says_what_the_encoder_says(tokenizer: Tokenizer, tmp_path: Path) -> None:
    made = encoder(labels=3)
    with torch.no_grad():
        # Larger than at the start, so that logits differ by more than rounding.
        for parameter in made.parameters():
            parameter *= 3
    export(made, tmp_path / "float.onnx")
    quantise(tmp_path / "float.onnx", tmp_path / "model.onnx")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    texts = ["you are bad", "the sun", "", "red red heart nice you"]
    with torch.inference_mode():
        expected = made(*tokenise(tokenizer, texts, 8).batch(np.arange(4))).numpy()
    rounded = Runner(tmp_path, 8).logits(texts)
    (tmp_path / "float.onnx").rename(tmp_path / "model.onnx")
    exact = Runner(tmp_path, 8).logits(texts)
    assert np.abs(exact - expected).max() < 1e-4
    assert np.abs(rounded - expected).max() < 0.1 * np.abs(expected).max()


def test_the_encoder_reads_long_texts_in_the_parts_that_the_graph_reads(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    made = encoder(labels=3)
    export(made, tmp_path / "model.onnx")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    texts = ["you are bad", "the sun is nice and red " * 5 + "you are bad", "", "heart " * 30]
    runner = Runner(tmp_path, 8)
    found, expected = runner.logits(texts), float_logits(made, tokenizer, texts, 8)
    assert np.abs(found - expected).max() < 1e-4
    [beginning] = runner.logits(["the sun is nice and red"])
    assert np.abs(found[1] - beginning).min() > 1e-4


def test_the_head_is_not_rounded(tmp_path: Path) -> None:
    made = encoder(labels=3)
    export(made, tmp_path / "float.onnx")
    quantise(tmp_path / "float.onnx", tmp_path / "model.onnx")
    kept = [onnx.numpy_helper.to_array(one) for one in onnx.load(tmp_path / "model.onnx").graph.initializer]
    whole = made.head.weight.detach().numpy()
    assert any(np.array_equal(one.T, whole) for one in kept if one.dtype == np.float32)


def test_one_large_weight_does_not_coarsen_the_others(tokenizer: Tokenizer, tmp_path: Path) -> None:
    made = encoder(labels=3)
    with torch.no_grad():
        made.head.weight *= 30
        made.words.weight[WORDS.index("sun")] *= 1000
        for block in made.blocks:
            block.narrow.weight *= 30  # type: ignore[union-attr,operator]
            # Gone behind the activation, which rounds what comes out of it at one scale.
            block.widen.bias[0] = -1e6  # type: ignore[union-attr,operator]
            block.widen.weight *= 30  # type: ignore[union-attr,operator]
            block.widen.weight[0] *= 300  # type: ignore[union-attr,operator]
    export(made, tmp_path / "float.onnx")
    quantise(tmp_path / "float.onnx", tmp_path / "model.onnx")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    texts = ["you are bad", "red heart", "nice you nice"]
    with torch.inference_mode():
        expected = made(*tokenise(tokenizer, texts, 8).batch(np.arange(3))).numpy()
    rounded = Runner(tmp_path, 8).logits(texts)
    assert np.abs(rounded - expected).max() < 0.1 * np.abs(expected).max()
    stored = {one.name: one for one in onnx.load(tmp_path / "model.onnx").graph.initializer}
    assert stored["words.weight"].data_type == onnx.TensorProto.INT8


def test_a_text_gets_the_same_logits_in_any_company(tokenizer: Tokenizer, tmp_path: Path) -> None:
    export(encoder(), tmp_path / "float.onnx")
    quantise(tmp_path / "float.onnx", tmp_path / "model.onnx")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    alone = Runner(tmp_path, 8).logits(["you are bad"])
    amid = Runner(tmp_path, 8, jobs=2).logits(["red heart the sun nice", "you are bad", "sun"])
    assert alone.tobytes() == amid[1:2].tobytes()


def test_a_text_that_was_run_is_not_run_again(tokenizer: Tokenizer, tmp_path: Path) -> None:
    export(encoder(), tmp_path / "model.onnx")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    runner = Runner(tmp_path, 8)
    first = runner.logits(["you are bad", "sun"])
    assert runner.logits(["sun", "you are bad", "sun"]).tolist() == first[[1, 0, 1]].tolist()


RECIPE = """
name = "deep"
kind = "deep"
seed = 1
[encoder]
pretrained = "somewhere"
[passes]
written = [2, 0.5]
[labels.abusive]
prevalence = 0.05
calibrate = ["written"]
corpora = {written = 1.0}
"""


def test_a_recipe_states_encoder_and_passes(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    recipe = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    assert recipe.passes == {"written": (2.0, 0.5)}
    assert recipe.encoder.pretrained == "somewhere"
    (tmp_path / "recipe.toml").write_text(RECIPE.replace('calibrate = ["written"]', "calibrate = []"))
    again = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    assert again.weights_keys == recipe.weights_keys
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("[2, 0.5]", "3"))
    assert deep_recipe(read_recipe(tmp_path / "recipe.toml")).weights_keys != recipe.weights_keys


def test_a_single_training_may_be_shown_other_rows(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    alike = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    stated = RECIPE.replace("[passes]", "seeds = [1, 2]\n[passes]").replace(
        "[labels.abusive]", "[passes_with_seed.2]\nwritten = 5\n[labels.abusive]"
    )
    (tmp_path / "recipe.toml").write_text(stated)
    recipe = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    assert recipe.passes_with(1) == {"written": (2.0, 0.5)}
    assert recipe.passes_with(2) == {"written": 5.0}
    assert recipe.without("written").passes_with(2) == {}
    more = stated.replace("written = 5", "davidson = 1").replace(
        "written = 1.0", "written = 1.0, davidson = 1.0"
    )
    (tmp_path / "recipe.toml").write_text(more)
    assert deep_recipe(read_recipe(tmp_path / "recipe.toml")).shown == {"written", "davidson"}
    (tmp_path / "recipe.toml").write_text(stated.replace("written = 5", "written = 6"))
    other = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    assert len({alike.weights_keys[-1], recipe.weights_keys[-1], other.weights_keys[-1]}) == 3


def test_a_recipe_may_go_on_with_later_trainings(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    plain = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    stated = RECIPE.replace("written = 1.0", "written = 1.0, davidson = 1.0") + "[[later]]\nrate = 1e-5\n"
    (tmp_path / "recipe.toml").write_text(stated + "[later.passes]\ndavidson = [1, 0.5]\n")
    recipe = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    assert plain.later == ()
    assert recipe.later == (LaterTraining({"davidson": (1.0, 0.5)}, rate=1e-5),)
    assert recipe.shown == {"written", "davidson"}
    assert recipe.without("davidson").shown == {"written"}
    (tmp_path / "recipe.toml").write_text(stated + "[later.passes]\ndavidson = 1\n")
    other = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    assert len({plain.weights_keys[-1], recipe.weights_keys[-1], other.weights_keys[-1]}) == 3
    assert other.weights_keys[0] == recipe.weights_keys[0]


def test_a_later_training_begins_with_the_intercepts_of_those_before() -> None:
    one, later = (Trainer(encoder(), targets(16), Settings(), seed) for seed in (1, 2))
    with torch.no_grad():
        one.own.fill_(1.5)
    later.begin(one.own.detach())
    assert torch.equal(later.own, torch.full_like(later.own, 1.5))


def test_an_encoder_is_read_back_from_its_graph(tmp_path: Path) -> None:
    written = encoder(3)
    with torch.no_grad():
        for weights in written.parameters():
            # New biases are all alike, and the graph keeps one of them for all.
            weights.add_(0.1 * torch.randn_like(weights))
    export_one_byte(written, tmp_path / "model.onnx")
    read = read_one_byte(tmp_path / "model.onnx", written.shape)
    assert set(read.state_dict()) == set(written.state_dict())
    for name, weights in written.state_dict().items():
        # Half a step of the largest weight of a row or a column, and no more.
        assert (read.state_dict()[name] - weights).abs().max() <= weights.abs().max() / 127 / 2 + 1e-6
    assert torch.equal(read.head.weight, written.head.weight)
    export_one_byte(read, tmp_path / "again.onnx")
    again = read_one_byte(tmp_path / "again.onnx", written.shape)
    assert all(
        torch.allclose(one, other, atol=1e-6)
        for one, other in zip(read.state_dict().values(), again.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("written = [2, 0.5]", "davidson = 1", "no label uses"),
        ("written = [2, 0.5]", "written = 1\n[[later]]\n[later.passes]\ndavidson = 1", "no label uses"),
        ("written = [2, 0.5]", "written = 1\n[[later]]\nrate = 1", "passes"),
        (
            "written = [2, 0.5]",
            "written = 1\n[[later]]\nshare = 2\npasses = {written = 1}",
            "between 0 and 1",
        ),
        ("written = [2, 0.5]", "written = 1\n[passes_with_seed.1]\ndavidson = 1", "no label uses"),
        ("written = [2, 0.5]", "written = 1\n[passes_with_seed.9]\nwritten = 2", "passes_with_seed.9"),
        ('pretrained = "somewhere"', "", "pretrained"),
        ('pretrained = "somewhere"', 'pretrained = "x"\nsteps = 3', "steps"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_refused(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE.replace(before, after))
    with pytest.raises(ConfigError, match=message):
        deep_recipe(read_recipe(tmp_path / "recipe.toml"))


def test_weights_are_known_by_the_recipe_that_they_follow_from(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE + "[[later]]\n[later.passes]\nwritten = 1\n")
    recipe = deep_recipe(read_recipe(tmp_path / "recipe.toml"))
    assert trainings_done(tmp_path, recipe) is None
    (tmp_path / FACTS).write_text(json.dumps({"key": recipe.weights_keys[1]}))
    assert trainings_done(tmp_path, recipe) is None
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).touch()
    assert trainings_done(tmp_path, recipe) == 1
    (tmp_path / FACTS).write_text(json.dumps({"key": recipe.weights_keys[0]}))
    assert trainings_done(tmp_path, recipe) is None
    (tmp_path / FACTS).write_text(json.dumps({"key": recipe.weights_keys[0], "own": {}, "shape": {}}))
    assert trainings_done(tmp_path, recipe) == 0
    (tmp_path / FACTS).write_text(json.dumps({"key": "of another recipe"}))
    assert trainings_done(tmp_path, recipe) is None
