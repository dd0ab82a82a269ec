"""Scalars for TensorBoard."""

from __future__ import annotations

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Write numbers into a TensorBoard event file.

    The folder and its file come into being with the first number, and so does the import of
    TensorFlow. A writer may be closed and used again (it then opens a further file, which
    TensorBoard reads as one series), copied and pickled.

    Parameters
    ----------
    logdir : path
        Folder of the event file.

    Examples
    --------
    >>> import os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> writer = SummaryWriter(folder)
    >>> writer.scalar("loss", 0.5, step=1)
    >>> writer.close()
    >>> len(os.listdir(folder))
    1
    """

    def __init__(self, logdir):
        self.logdir = logdir
        self._writer = None

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Record ``value`` under ``tag`` for a training step."""
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self.logdir))
        with self._writer.as_default():
            tf.summary.scalar(tag, value, step=step)

    def flush(self) -> None:
        """Make everything recorded so far readable by others."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Flush, and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __getstate__(self):
        return {"logdir": self.logdir, "_writer": None}
