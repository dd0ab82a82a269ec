"""`TensorFlowDataFrame`: columns that are computed as their rows stream by."""

from tflearnkit.dataframe.frame import TensorFlowDataFrame
from tflearnkit.dataframe.series import Series

__all__ = ["Series", "TensorFlowDataFrame"]
