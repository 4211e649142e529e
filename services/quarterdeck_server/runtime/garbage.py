"""Sparing Python's collector of cycles what has none: its pauses are pauses of every stream."""

import ctypes
import gc

_THRESHOLDS = (5_000, 20, 20)
_untrack = ctypes.pythonapi.PyObject_GC_UnTrack
_untrack.argtypes = [ctypes.py_object]
_untrack.restype = None


def settle() -> None:
    """Leave out of every later collection what exists now, and collect less often.

    For a process that has opened everything: modules, descriptors and services live as long as it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def untrack[T](leaf: T) -> T:
    """Leave an object out of every later collection; it is freed by its references alone.

    Only for objects that refer to text, bytes and numbers and so can be part of no cycle. The
    collector does the same by itself for tuples of such values. Half a million events in the rings
    would otherwise cost a full collection, which stops every stream, a third of a second.
    """
    _untrack(leaf)
    return leaf
