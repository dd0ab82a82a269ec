"""Where pictures are drawn: matplotlib, if it is there."""

from __future__ import annotations

__all__ = ["pyplot"]


def pyplot(who: str):
    """Return ``matplotlib.pyplot`` for ``who`` draws."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{who} draws with matplotlib, which is not installed. Install it: "
            "pip install 'tflearnkit[plots]'."
        ) from error
    return plt
