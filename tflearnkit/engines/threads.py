"""Threads of our own for the rows, and none of BLAS besides."""

from __future__ import annotations

from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]


def one_blas_thread():
    """Return a context in which BLAS works in the thread that calls it.

    Over matrices of some hundred columns its own threads wait for each other longer than they
    work, a thousand times so on a busy machine.
    """
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()  # which reads through all libraries of the process
