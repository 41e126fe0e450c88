import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from encoders.errors import InputError
from encoders.vectors import check_vectors, unit_rows

FINITE = st.floats(-(2.0**60), 2.0**60, width=32)


@given(arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=FINITE))
def test_unit_rows_keep_their_direction_or_are_refused(rows):
    norms = np.linalg.norm(rows.astype(np.float64), axis=1)
    if (norms == 0).any():
        with pytest.raises(InputError, match="no direction"):
            unit_rows(rows)
        return
    units = check_vectors(unit_rows(rows), rows.shape[1])
    np.testing.assert_allclose(units * norms[:, None], rows, rtol=1e-4, atol=1e-5 * norms.max())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_without_meaning_is_named(bad):
    with pytest.raises(InputError, match="row 1"):
        unit_rows([[1.0, 0.0], [bad, 0.0]])


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.ones(3, np.float32), "shape"),
        (np.eye(3, dtype=np.float32), r"\(n, 4\)"),
        (np.eye(4), "float64"),
        (np.asfortranarray(np.eye(4, dtype=np.float32)[:2]), "C-contiguous"),
        (np.full((1, 4), 0.6, np.float32), "length 1.2000"),
        (np.full((1, 4), np.nan, np.float32), "length nan"),
    ],
)
def test_the_first_breach_of_the_contract_is_named(array, says):
    with pytest.raises(InputError, match=says):
        check_vectors(array, 4)
