"""Which units a fold takes, beside a walk through them in plain Python."""

from collections import Counter, defaultdict
from typing import NamedTuple

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.roll import CELLS, GROUPS, SMALLEST


class Unit(NamedTuple):
    """A row that can fold, with numbers for the hashes of its keys."""

    id: int
    cell: int
    grp: int
    part: int
    c: int
    is_other: bool


def smallest(units: list[Unit], water: int) -> set[int]:
    """The ids to fold: the smallest of each cell above water, until enough rows are saved."""
    whole: Counter[int] = Counter()
    cells: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        whole[unit.part] += unit.c
        cells[unit.cell].append(unit)
    found: set[int] = set()
    for cell in cells.values():
        of_group = Counter(unit.grp for unit in cell)
        due = len(cell) - max(water, len(of_group))
        can = [unit for unit in cell if of_group[unit.grp] > 1]
        can.sort(key=lambda u: (not u.is_other, whole[u.part], u.part, u.c, u.id))
        taken: Counter[int] = Counter()
        while due > 0 and sum(taken.values()) - len(taken) < due:
            taken[can[sum(taken.values())].grp] += 1
        found |= {unit.id for unit in can[: sum(taken.values())] if taken[unit.grp] > 1}
    return found


@st.composite
def drawn_units(draw: st.DrawFn) -> list[Unit]:
    """A few cells of a few groups; many units weigh the same."""
    few, small = st.integers(0, 4), st.integers(1, 3)
    drawn = draw(
        st.lists(
            st.tuples(st.integers(0, 1), few, few, small, st.booleans()), min_size=6, max_size=30
        )
    )
    return [
        Unit(number, cell, 10 * cell + group, part, count, is_other)
        for number, (cell, group, part, count, is_other) in enumerate(drawn)
    ]


@settings(max_examples=200, deadline=None)
@given(drawn_units(), st.integers(0, 15))
def test_a_fold_takes_the_smallest_units_of_each_cell_above_water(
    units: list[Unit], water: int
) -> None:
    with duckdb.connect() as db:
        columns = "id BIGINT, cell INT, grp INT, part INT, c INT, is_other BOOL"
        db.execute(f"CREATE TABLE units({columns})")
        db.executemany("INSERT INTO units VALUES (?, ?, ?, ?, ?, ?)", units)
        db.execute(f"CREATE TABLE groups AS {GROUPS}")
        db.execute(f"CREATE TABLE cells AS {CELLS}")
        chosen = db.execute(SMALLEST, {"water": water}).fetchall()
    assert sorted(id for (id,) in chosen) == sorted(smallest(units, water))
