"""Scalars for TensorBoard."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator

from tflearnkit.whole_file import naming

__all__ = ["SummaryWriter"]

_IS_SCALAR = {"plugin_data": {"plugin_name": "scalars"}, "data_class": "DATA_CLASS_SCALAR"}


class SummaryWriter:
    """Write numbers into a TensorBoard event file.

    The folder and its file come into being with the first number, and so does the import of
    TensorFlow. A writer may be closed and used again (it then opens a further file, which
    TensorBoard reads as one series), copied and pickled.

    Parameters
    ----------
    logdir : path
        Folder of the event file.

    Raises
    ------
    OSError
        While numbers are recorded, if the disk is full. Those still in memory are lost then; the
        next one opens a further file.

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
        self._file = None

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Record ``value`` under ``tag`` for a training step."""
        import tensorflow as tf

        if self._file is None:
            self._open()
        shown = tf.make_tensor_proto(value, tf.float32)
        shown = {"tag": tag, "tensor": shown, "metadata": _IS_SCALAR}
        self._write(step=step, summary={"value": [shown]})

    def _open(self) -> None:
        import tensorflow as tf

        os.makedirs(self.logdir, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}.v2"
        # As a file of records: TensorFlow's own writer waits for tasks of a cluster that are lost.
        with self._writing():
            self._file = tf.io.TFRecordWriter(os.path.join(self.logdir, name))
        self._write(file_version="brain.Event:2")

    def _write(self, **what) -> None:
        import tensorflow as tf

        event = tf.compat.v1.Event(wall_time=time.time(), **what)
        with self._writing():
            self._file.write(event.SerializeToString())

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Leave a file where writing fails: what follows a record cut short is never read."""
        try:
            with naming(self.logdir):
                yield
        except BaseException:
            self._file = None
            raise

    def flush(self) -> None:
        """Make everything recorded so far readable by others."""
        if self._file is not None:
            with self._writing():
                self._file.flush()

    def close(self) -> None:
        """Flush, and close the file."""
        if self._file is not None:
            with self._writing():
                self._file.close()
            self._file = None

    def __getstate__(self):
        return {"logdir": self.logdir, "_file": None}
