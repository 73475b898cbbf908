"""The page of licences names every direct dependency, with what the installed package says."""

from core import settings
from tests import tables


def test_every_direct_dependency_is_listed_with_its_licence():
    table = tables.written(settings.ROOT / "docs" / "licences.md", tables.LICENCES)
    listed = dict(tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in table.splitlines()[2:])
    assert set(listed) == set(tables.direct_dependencies())
    assert listed == {name: tables.licence(name) for name in listed} and "not stated" not in listed.values()
