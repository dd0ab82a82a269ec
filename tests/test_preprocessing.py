"""Texts and categories become ids as in TF.Learn, by transformers as in scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import tflearnkit as learn
from tflearnkit.preprocessing import (
    ByteProcessor,
    CategoricalProcessor,
    CategoricalVocabulary,
    VocabularyProcessor,
    tokenizer,
)

TEXTS = ["a b c", "a\nb\nc", "a, b - c"]


# --- words ---------------------------------------------------------------------------------------


def test_words_of_any_script():
    found = list(tokenizer([*TEXTS, "фыва выф", "你好 再见", "don't re-do HTMLParser"]))
    assert found == [
        ["a", "b", "c"], ["a", "b", "c"], ["a", "b", "-", "c"], ["фыва", "выф"],
        ["你好", "再见"], ["don't", "re-do", "HTML", "Parser"],
    ]  # fmt: skip


def test_texts_become_ids():
    processor = VocabularyProcessor(max_document_length=4, min_frequency=1)
    ids = processor.fit_transform(iter(TEXTS))
    assert ids.dtype == np.int64
    assert ids.tolist() == [[1, 2, 3, 0], [1, 2, 3, 0], [1, 2, 0, 3]]
    assert processor.reverse(ids)[0] == "a b c <UNK>"
    assert processor.transform(["c z a b c"]).tolist() == [[3, 0, 1, 2]]
    assert processor.get_feature_names_out().shape == (4,)


def test_a_given_vocabulary_is_kept():
    vocabulary = CategoricalVocabulary()
    vocabulary.get("A")
    vocabulary.get("B")
    vocabulary.freeze()
    processor = VocabularyProcessor(4, vocabulary=vocabulary, tokenizer_fn=lambda t: map(list, t))
    assert processor.fit_transform(["ABC", "CBABAF"]).tolist() == [[1, 2, 0, 0], [0, 2, 1, 2]]
    assert len(vocabulary) == 3


def test_words_are_saved_and_restored(tmp_path):
    processor = VocabularyProcessor(4, 1).fit([*TEXTS, "ж ж"])
    processor.save(tmp_path / "words.json")
    restored = VocabularyProcessor.restore(tmp_path / "words.json")
    texts = ["c ж b a", "z"]
    np.testing.assert_array_equal(restored.transform(texts), processor.transform(texts))
    assert restored.get_params()["max_document_length"] == 4
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(ValueError, match="should be a vocabulary written by save"):
        VocabularyProcessor.restore(tmp_path / "other.json")


def test_texts_become_bytes():
    processor = ByteProcessor(max_document_length=8)
    texts = ["abc", "фыва", "фыва", b"abc", "12345678901234567890"]
    rows = processor.fit_transform(texts)
    assert rows.dtype == np.uint8
    assert rows[0].tolist() == [97, 98, 99, 0, 0, 0, 0, 0]
    assert rows[1].tolist() == [209, 132, 209, 139, 208, 178, 208, 176]
    assert processor.reverse(rows) == ["abc", "фыва", "фыва", "abc", "12345678"]
    assert ByteProcessor(3).reverse(ByteProcessor(3).transform(["фы"])) == ["ф"]


# --- categories ----------------------------------------------------------------------------------

NAN = float("nan")


def test_categories_become_ids_by_frequency():
    rows = [[v] for v in ("0", 1, NAN, "C", "C", 1, "0", NAN, 3)]
    processor = CategoricalProcessor(min_frequency=1)
    assert processor.fit_transform(rows).ravel().tolist() == [2, 1, 0, 3, 3, 1, 2, 0, 0]


def test_columns_of_frames_have_vocabularies_of_their_own_or_one():
    frame = pd.DataFrame({"a": ["Male", "Female", "Male"], "b": ["x", None, "Female"]})
    processor = CategoricalProcessor()
    assert processor.fit_transform(frame["a"]).ravel().tolist() == [1, 2, 1]
    assert processor.fit_transform(frame).tolist() == [[1, 1], [2, 0], [1, 2]]
    assert processor.get_feature_names_out().tolist() == ["a", "b"]
    assert processor.transform(frame[:1].assign(a="Other")).tolist() == [[0, 1]]
    shared = CategoricalProcessor(share=True)
    assert shared.fit_transform(frame).tolist() == [[1, 3], [2, 0], [1, 2]]
    with pytest.raises(ValueError, match="2 features|feature names"):
        processor.transform(frame[["a"]])
    with pytest.raises(ValueError, match="vocabularies should be 2"):
        CategoricalProcessor(vocabularies=[CategoricalVocabulary()]).fit(frame)


def test_a_vocabulary_counts_and_trims():
    vocabulary = CategoricalVocabulary()
    assert [vocabulary.get(key) for key in (1, 3, 2, NAN, float("nan"))] == [1, 2, 3, 4, 4]
    assert len(vocabulary) == 5
    vocabulary = CategoricalVocabulary()
    for category, count in {"c": 5, "a": 10, "b": 5, "d": 12}.items():
        vocabulary.add(category, count)
    vocabulary.trim(7, 11)
    vocabulary.freeze()
    assert [vocabulary.get(key) for key in "abcd"] == [1, 0, 0, 0]
    assert vocabulary.reverse(1) == "a"
    assert vocabulary.reverse(0) == "<UNK>"
    vocabulary.freeze(False)
    assert vocabulary.get("e") == 2
    with pytest.raises(ValueError, match="Ids are from 0 to 2"):
        vocabulary.reverse(3)
    with pytest.raises(ValueError, match="support_reverse=False"):
        CategoricalVocabulary(support_reverse=False).reverse(0)


# --- as scikit-learn's ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("processor", "data"),
    [
        (VocabularyProcessor(4, 1), TEXTS),
        (ByteProcessor(4), TEXTS),
        (CategoricalProcessor(1), [["a", 1], ["a", 2], ["b", 1]]),
    ],
    ids=["words", "bytes", "categories"],
)
def test_they_clone_pickle_and_fit_anew(processor, data):
    expected = processor.fit_transform(data)
    copied = pickle.loads(pickle.dumps(processor))
    np.testing.assert_array_equal(copied.transform(data), expected)
    fresh = clone(processor)
    assert fresh.get_params() == processor.get_params()
    np.testing.assert_array_equal(processor.fit(data).transform(data), expected)
    if not isinstance(processor, ByteProcessor):
        with pytest.raises(NotFittedError):
            fresh.transform(data)


def test_texts_are_to_be_several():
    for processor in (VocabularyProcessor(4), ByteProcessor(4)):
        with pytest.raises(ValueError, match="Iterable over raw text documents expected"):
            processor.fit("a text").transform("a text")
    with pytest.raises(ValueError, match="max_document_length should be"):
        VocabularyProcessor(0).fit(TEXTS)
    with pytest.raises(ValueError, match="max_document_length should be"):
        ByteProcessor(0).transform(TEXTS)


def test_they_stand_before_an_estimator():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["good", "bad", "film", "plot"], 6)) for _ in range(300)]
    y = [text.count("good") > text.count("bad") for text in texts]
    model = make_pipeline(VocabularyProcessor(6), learn.DNNClassifier([32], random_state=0))
    assert model.fit(texts, y).score(texts, y) > 0.7
