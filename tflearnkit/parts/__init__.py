"""Parts: encoded columns -> scores. `Wide` is the linear model, `Deep` the network; both add up.

A part is a frozen description of shapes. It lists the arrays it needs (`storages`) and computes
scores from them; it owns no variables, so that one part serves training, predicting and export.
"""

from tflearnkit.parts.base import DenseBlock, EmbeddingBlock, IdBlock, Storage, Training
from tflearnkit.parts.centred_bias import CentredBias
from tflearnkit.parts.deep import Deep
from tflearnkit.parts.kernelised import Kernelised
from tflearnkit.parts.wide import Wide

__all__ = [
    "CentredBias",
    "Deep",
    "DenseBlock",
    "EmbeddingBlock",
    "IdBlock",
    "Kernelised",
    "Storage",
    "Training",
    "Wide",
]
