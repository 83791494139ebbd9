"""Peers that are slow to get and to run."""
from .bar import Bar  # noqa: F401


def bars(w, table, rows):
    return [], []
