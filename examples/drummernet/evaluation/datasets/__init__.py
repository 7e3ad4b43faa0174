"""Annotated recordings in the layouts in which they are published."""

from drummernet.evaluation.datasets.annotations import AnnotationError, read_annotation
from drummernet.evaluation.datasets.labels import LABELS, parent_class
from drummernet.evaluation.datasets.layouts import find_tracks, find_unannotated
from drummernet.evaluation.datasets.track import Note, Track

__all__ = [
    "LABELS",
    "AnnotationError",
    "Note",
    "Track",
    "find_tracks",
    "find_unannotated",
    "parent_class",
    "read_annotation",
]
