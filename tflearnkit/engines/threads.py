"""Threads of our own for the rows, and none of BLAS besides."""

from __future__ import annotations

from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]


def one_blas_thread():
    """Return a context in which BLAS works in the thread that calls it.

    Over matrices of some hundred columns its own threads wait for each other longer than they
    work, a thousand times so on a busy machine; and those of NumPy's BLAS spin for a while after a
    product, where those of SciPy's, or ours, should work.
    """
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()  # which reads through all libraries of the process
