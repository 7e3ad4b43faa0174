import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.metrics import confusion_matrix, count_onsets

CLASSES = st.lists(st.lists(st.floats(0, 2), max_size=8), min_size=3, max_size=3)


@given(CLASSES, CLASSES)
def test_the_diagonal_holds_the_hits_and_every_onset_is_counted_once(reference, estimate):
    matrix = confusion_matrix(reference, estimate)
    hits = [count_onsets(there, found).hits for there, found in zip(reference, estimate, strict=True)]
    assert matrix.diagonal()[:-1].tolist() == hits
    assert matrix[:-1].sum(1).tolist() == [len(times) for times in reference]
    assert matrix[:, :-1].sum(0).tolist() == [len(times) for times in estimate]
    assert matrix[-1, -1] == 0


def test_a_class_is_matched_with_itself_before_it_is_taken_for_another():
    # The estimate of class 1 lies nearer to the onset of class 0, which class 0 has found already.
    matrix = confusion_matrix([[1.0], []], [[1.04], [1.0]])
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_one_onset_is_taken_for_one_other_only():
    matrix = confusion_matrix([[1.0], [], []], [[], [1.0], [1.01]])
    assert matrix[0].tolist() == [0, 1, 0, 0]
    assert matrix[-1].tolist() == [0, 0, 1, 0]


def test_nothing_at_all_is_a_matrix_of_zeros():
    assert not confusion_matrix([[], []], [[], []]).any()
    assert confusion_matrix([[], []], [[], []]).dtype == np.int64


def test_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match="classes"):
        confusion_matrix([[1.0]], [])
