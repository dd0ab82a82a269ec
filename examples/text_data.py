"""Texts: from a folder, else the descriptions of the data sets bundled with scikit-learn."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from sklearn import datasets

BUNDLED = ("iris", "digits", "wine", "breast_cancer", "diabetes", "linnerud")


def load_text(title, path):
    """Return a sentence on where a text comes from, and the text.

    ``path`` is where it lies in the folder that TFLEARNKIT_DATA names, packed by gzip or not.
    """
    folder = os.environ.get("TFLEARNKIT_DATA")
    if folder and (Path(folder) / path).exists():
        content = (Path(folder) / path).read_bytes()
        packed = path.endswith(".gz")
        text = (gzip.decompress(content) if packed else content).decode("utf-8")
        return f"{title}, from TFLEARNKIT_DATA", without_frame(text.replace("\r\n", "\n"))
    described = [getattr(datasets, f"load_{name}")()["DESCR"] for name in BUNDLED]
    source = "descriptions of scikit-learn's data sets"
    return f"{source}; {title} is not on this machine", "\n\n".join(described)


def without_frame(text):
    """Return a text without what Project Gutenberg puts around it."""
    begin = text.find("\n", text.find("*** START OF"))
    end = text.find("*** END OF")
    return text if end < 0 else text[begin:end]
