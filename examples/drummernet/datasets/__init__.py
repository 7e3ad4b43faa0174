"""Annotated recordings in the layouts in which they are published."""

from drummernet.datasets.annotations import AnnotationError, read_annotation
from drummernet.datasets.labels import LABELS, parent_class
from drummernet.datasets.layouts import find_tracks
from drummernet.datasets.track import Note, Track

__all__ = ["LABELS", "AnnotationError", "Note", "Track", "find_tracks", "parent_class", "read_annotation"]
