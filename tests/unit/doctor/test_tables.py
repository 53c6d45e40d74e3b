"""Every check of the cluster, against the tables of cases in test_cluster, test_operators and test_room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bootstrap.doctor import cluster, operators, room
from tests.unit.doctor import test_cluster, test_operators, test_room
from tests.unit.doctor.cases import said, sight

TABLES = ((cluster, test_cluster), (operators, test_operators), (room, test_room))
CHECKS = {check.name: check.look for module, _ in TABLES for check in module.CHECKS}
BAD = [(CHECKS[name], bad, message) for _, table in TABLES for name, bad, message in table.BAD]
FINE = [(CHECKS[name], fine) for _, table in TABLES for name, fine in table.FINE]


@pytest.mark.parametrize(("look", "bad", "message"), BAD, ids=[f"{case[0].__name__}-{case[2][:40]}" for case in BAD])
def test_each_problem_is_said_with_its_next_step(look: Callable, bad: dict, message: str) -> None:
    (found,) = said(look, sight(**bad))
    assert found.startswith(message)


@pytest.mark.parametrize(("look", "fine"), FINE, ids=[case[0].__name__ for case in FINE])
def test_nothing_is_said_of_what_is_in_order(look: Callable, fine: dict) -> None:
    assert said(look, sight(**fine)) == []


@pytest.mark.parametrize(("module", "table"), TABLES, ids=["cluster", "operators", "room"])
def test_every_check_has_a_case_in_the_table_of_its_module(module: object, table: object) -> None:
    assert {case[0] for case in table.BAD} == {check.name for check in module.CHECKS}


def test_every_check_is_quiet_on_a_healthy_cluster() -> None:
    assert [text for look in CHECKS.values() for text in said(look, sight())] == []
