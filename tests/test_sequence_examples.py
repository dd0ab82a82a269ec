"""What the examples on texts, sequences and policies measure by, on small cases worked out."""

import gzip
import importlib
import runpy
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "examples"


@pytest.fixture
def example(monkeypatch):
    """Import an example as it imports its neighbours."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


# -- texts -------------------------------------------------------------------------------------


def test_a_text_is_read_from_the_local_folder_without_its_frame(example, monkeypatch, tmp_path):
    framed = "Title\r\n*** START OF THIS BOOK ***\r\nIn the beginning\r\n*** END OF THIS BOOK ***"
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(framed.encode()))
    (tmp_path / "b.txt").write_text("naïve", encoding="utf-8")
    monkeypatch.setenv("TFLEARNKIT_DATA", str(tmp_path))
    load_text = example("text_data").load_text
    source, text = load_text("A Book", "a.txt.gz")
    assert source == "A Book, from TFLEARNKIT_DATA"
    assert text.strip() == "In the beginning"
    assert load_text("B", "b.txt")[1] == "naïve"


def test_without_it_descriptions_stand_in_and_it_says_so(example, monkeypatch, tmp_path):
    for folder in (None, tmp_path):
        monkeypatch.delenv("TFLEARNKIT_DATA", raising=False)
        if folder is not None:
            monkeypatch.setenv("TFLEARNKIT_DATA", str(folder))
        source, text = example("text_data").load_text("A Book", "a.txt.gz")
        assert "A Book is not on this machine" in source
        assert len(text) > 10_000


# -- the language model ------------------------------------------------------------------------


def test_perplexities_by_counts_are_those_of_the_definition(example):
    module = example("lstm_language_model")
    rng = np.random.default_rng(0)
    train, test = rng.integers(5, size=300), rng.integers(5, size=100)

    def probability(before, following):
        if before is None:
            return 1 / 5
        pairs = zip(*(train[k:] for k in range(len(before) + 1)), strict=False)
        followed = Counter(gram[-1] for gram in pairs if gram[:-1] == before)
        shorter = probability(before[1:] if before else None, following)
        return (followed[following] + 7 * shorter) / (followed.total() + 7)

    for n in (1, 2, 3):
        surprise = [
            -np.log(probability(tuple(test[at - n + 1 : at]), test[at]))
            for at in range(n - 1, len(test))
        ]
        found = module.n_gram_perplexity(train, test, n, n_chars=5, strength=7)
        assert found == pytest.approx(np.exp(np.mean(surprise)))


def test_steps_go_on_where_the_last_ended_and_each_character_is_followed(example):
    module = example("lstm_language_model")
    text = np.arange(module.PIECES * module.WINDOW * 3 + 40)
    steps = list(module.steps_of(text, epochs=2))
    assert len(steps) == 2 * 3
    for now, following in steps:
        np.testing.assert_array_equal(following, now + 1)
    np.testing.assert_array_equal(steps[1][0][:, 0], steps[0][1][:, -1])
    np.testing.assert_array_equal(steps[3][0], steps[0][0])


def test_each_character_counts_once_in_evaluations(example):
    module = example("lstm_language_model")
    text = np.arange(10 * module.WINDOW + 1)
    chars, following = module.windows_of(text)
    counted = following[following >= 0]
    np.testing.assert_array_equal(np.sort(counted), np.arange(1, len(text)))
    np.testing.assert_array_equal(chars[following >= 0] + 1, counted)


# -- vectors of words --------------------------------------------------------------------------


def test_pairs_are_the_words_within_reach(example):
    words, beside = example("word2vec_nce").pairs_of(np.array([3, 1, 4, 1]), reach=2)
    found = sorted(zip(words[:, 0].tolist(), beside.tolist(), strict=True))
    both_ways = [(3, 1), (1, 4), (4, 1), (3, 4), (1, 1)]
    assert found == sorted(both_ways + [(b, a) for a, b in both_ways])


def test_places_of_mates_count_from_the_nearest(example):
    module = example("word2vec_nce")
    words = ["the", "red", "white", "of", "blue", "horse"]
    angles = np.array([0.0, 1.0, 1.3, 1.1, 1.4, 3.0])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]) * [[1], [2], [3], [4], [5], [6]]
    of_red, of_white, of_blue = [2, 3], [3, 1], [3, 1]  # "of" is nearest to red
    assert module.places_of_mates(words, vectors) == of_red + of_white + of_blue


# -- the policy --------------------------------------------------------------------------------


def test_advantages_compare_steps_with_those_of_others_at_their_time(example):
    pytest.importorskip("gymnasium")
    stood = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], bool)  # three poles fell one by one
    found = example("cartpole_policy_gradient").advantages(stood, discount=0.5)
    # To come: 1.75, 1.5, 1; then 1.5, 1; then 1.
    expected = np.array([1.75, 1.5, 1, 1.5, 1, 1]) - [*[4.25 / 3] * 3, 1.25, 1.25, 1]
    np.testing.assert_allclose(found, expected / expected.std(), rtol=1e-6)


def test_without_gymnasium_the_policy_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    monkeypatch.setattr(sys, "argv", ["cartpole_policy_gradient.py"])
    with pytest.raises(SystemExit, match=r'pip install "tflearnkit\[examples\]"'):
        runpy.run_path(str(FOLDER / "cartpole_policy_gradient.py"), run_name="__main__")
