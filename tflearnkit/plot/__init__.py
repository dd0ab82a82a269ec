"""Pictures of estimators: matplotlib's (``pip install 'tflearnkit[plots]'``) and TensorBoard's.

Displays are as scikit-learn's: ``from_estimator`` works out what there is to see and draws it,
``plot`` draws it once more. scikit-learn's own take our estimators, and raw tables, as they are:
``CalibrationDisplay``, ``ConfusionMatrixDisplay`` and ``LearningCurveDisplay`` stand here too, to
be found. ``write_projector`` shows embeddings in TensorBoard.
"""

from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import LearningCurveDisplay

from tflearnkit.plot.feature_importances import FeatureImportancesDisplay
from tflearnkit.plot.projector import write_projector
from tflearnkit.plot.training_history import TrainingHistoryDisplay

__all__ = [
    "CalibrationDisplay",
    "ConfusionMatrixDisplay",
    "FeatureImportancesDisplay",
    "LearningCurveDisplay",
    "TrainingHistoryDisplay",
    "write_projector",
]
