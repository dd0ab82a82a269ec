"""How a raw frame comes to a scikit-learn model: the steps that tflearnkit takes by itself."""

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def on_raw_frames(model):
    """Put one-hot encoding, imputation and scaling before the model."""
    text = make_column_selector(dtype_include=["object", "string", "category"])
    numbers = make_column_selector(dtype_include="number")
    prepared = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), text),
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
    )
    return make_pipeline(prepared, model)
