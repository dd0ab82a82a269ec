"""Texts -> rows of word ids."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from tflearnkit.preprocessing.vocabulary import CategoricalVocabulary
from tflearnkit.whole_file import replace_file

__all__ = ["VocabularyProcessor", "check_documents", "tokenizer"]

# runs of capitals, capitalised parts of a word, then whole words with quotes and hyphens
_TOKEN = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|['\w-]+")
_FORM = "tflearnkit vocabulary, 1"


def tokenizer(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of each text, in any script.

    Examples
    --------
    >>> list(tokenizer(["a, b - c", "aCamelCase HTTP"]))
    [['a', 'b', '-', 'c'], ['aCamelCase', 'HTTP']]
    """
    for text in texts:
        yield _TOKEN.findall(text)


class VocabularyProcessor(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn texts into equally long rows of word ids; 0 is both padding and an unknown word.

    For embeddings of word sequences. For bags of words scikit-learn has ``CountVectorizer``.

    Parameters
    ----------
    max_document_length : int > 0, default=100
        Words per text: longer ones are cut, shorter ones filled up with 0.
    min_frequency : int >= 0, default=0
        Words met this often or less are unknown. Above 0 the ids go by falling frequency, else by
        the order in which words were met.
    vocabulary : CategoricalVocabulary, optional
        To begin with; a frozen one learns no words. It is copied.
    tokenizer_fn : callable (texts) -> iterator of lists of words, optional
        None stands for `tokenizer`.

    Attributes
    ----------
    vocabulary_ : CategoricalVocabulary

    Examples
    --------
    >>> processor = VocabularyProcessor(max_document_length=4)
    >>> processor.fit_transform(["the cat sat", "the dog"])
    array([[1, 2, 3, 0],
           [1, 4, 0, 0]])
    >>> processor.transform(["the cat barks"]).tolist()
    [[1, 2, 0, 0]]
    """

    def __init__(
        self,
        max_document_length: int = 100,
        min_frequency: int = 0,
        vocabulary: CategoricalVocabulary | None = None,
        tokenizer_fn: Callable | None = None,
    ):
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary = vocabulary
        self.tokenizer_fn = tokenizer_fn

    def fit(self, raw_documents, y=None):
        """Learn the words of an iterable of texts."""
        length = self.max_document_length
        if not (isinstance(length, int) and length >= 1):
            raise ValueError(f"max_document_length should be an int of 1 or more. Got {length!r}.")
        vocabulary = copy.deepcopy(self.vocabulary) or CategoricalVocabulary()
        for words in self._words(raw_documents):
            for word in words:
                vocabulary.add(word)
        if self.min_frequency > 0:
            vocabulary.trim(self.min_frequency)
        vocabulary.freeze()
        self.vocabulary_ = vocabulary
        return self

    def transform(self, raw_documents) -> np.ndarray:
        """Return int64 ids of shape (texts, max_document_length)."""
        check_is_fitted(self)
        rows = []
        for words in self._words(raw_documents):
            ids = [self.vocabulary_.get(word) for word in words[: self.max_document_length]]
            rows.append(ids + [0] * (self.max_document_length - len(ids)))
        return np.array(rows, np.int64).reshape(len(rows), self.max_document_length)

    def fit_transform(self, raw_documents, y=None) -> np.ndarray:
        """Learn the words of texts, and return their ids; an iterator is read once."""
        raw_documents = list(check_documents(raw_documents))
        return self.fit(raw_documents).transform(raw_documents)

    def reverse(self, documents) -> list[str]:
        """Return texts of rows of ids, the words joined by spaces; 0 is '<UNK>'."""
        check_is_fitted(self)
        words = self.vocabulary_.categories()
        return [" ".join(str(words[word_id]) for word_id in row) for row in documents]

    def save(self, filename) -> None:
        """Write the words to a file of JSON, atomically.

        A tokenizer of one's own is not part of it.
        """
        check_is_fitted(self)
        content = {
            "form": _FORM,
            "max_document_length": self.max_document_length,
            "min_frequency": self.min_frequency,
            "words": self.vocabulary_.categories()[1:],
        }
        written = json.dumps(content, ensure_ascii=False).encode()
        replace_file(filename, lambda file: file.write(written))

    @classmethod
    def restore(cls, filename, tokenizer_fn: Callable | None = None) -> VocabularyProcessor:
        """Return the processor of a file that `save` wrote."""
        with open(filename, encoding="utf-8") as file:
            content = json.load(file)
        if not isinstance(content, dict) or content.get("form") != _FORM:
            raise ValueError(
                f"{filename} should be a vocabulary written by save. Got something else: fit anew."
            )
        vocabulary = CategoricalVocabulary()
        for word in content["words"]:
            vocabulary.get(word)
        vocabulary.freeze()
        processor = cls(
            content["max_document_length"], content["min_frequency"], vocabulary, tokenizer_fn
        )
        processor.vocabulary_ = copy.deepcopy(vocabulary)
        return processor

    def _words(self, raw_documents) -> Iterator[list[str]]:
        split = tokenizer if self.tokenizer_fn is None else self.tokenizer_fn
        return iter(split(check_documents(raw_documents)))

    @property
    def _n_features_out(self) -> int:
        return self.max_document_length

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def check_documents(raw_documents):
    """Refuse a single text where an iterable of them is meant."""
    if isinstance(raw_documents, str | bytes):
        raise ValueError(
            "Iterable over raw text documents expected, string object received. Pass a list: "
            "[text]."
        )
    return raw_documents
