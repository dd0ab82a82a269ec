"""Texts -> rows of bytes."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from tflearnkit.preprocessing.text import check_documents

__all__ = ["ByteProcessor"]


class ByteProcessor(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn texts into equally long rows of their bytes in UTF-8, filled up with 0.

    Parameters
    ----------
    max_document_length : int > 0, default=100
        Bytes per text; the last character may be cut.

    Examples
    --------
    >>> processor = ByteProcessor(max_document_length=4)
    >>> rows = processor.transform(["abc", "hello"])
    >>> rows.tolist()
    [[97, 98, 99, 0], [104, 101, 108, 108]]
    >>> processor.reverse(rows)
    ['abc', 'hell']
    """

    def __init__(self, max_document_length: int = 100):
        self.max_document_length = max_document_length

    def fit(self, X, y=None):
        """Do nothing: there is nothing to learn."""
        return self

    def transform(self, X) -> np.ndarray:
        """Return uint8 of shape (texts, max_document_length)."""
        length = self.max_document_length
        if not (isinstance(length, int) and length >= 1):
            raise ValueError(f"max_document_length should be an int of 1 or more. Got {length!r}.")
        texts = [text.encode() if isinstance(text, str) else text for text in check_documents(X)]
        padded = b"".join(text[:length].ljust(length, b"\0") for text in texts)
        return np.frombuffer(padded, np.uint8).reshape(len(texts), length).copy()

    def reverse(self, X) -> list[str]:
        """Return the texts of rows of bytes, without what was filled up or cut."""
        rows = np.asarray(X, np.uint8)
        return [row.tobytes().rstrip(b"\0").decode(errors="ignore") for row in rows]

    @property
    def _n_features_out(self) -> int:
        return self.max_document_length

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
