"""A wait has its own limit, and the run has one for all of them."""

from __future__ import annotations

from bootstrap.limits import SHORTEST, limited


def test_a_wait_ends_with_its_run_and_says_which_setting_that_is() -> None:
    assert limited({"timeout": 900, "next_step": "look"}, 0.0) == (900.0, "look")
    assert limited({"timeout": 900, "until": 10_000.0}, 0.0) == (900.0, None)
    seconds, next_step = limited({"timeout": 900, "until": 130.0, "next_step": "look"}, 100.0)
    assert (seconds, next_step) == (30.0, "look; TIMEOUT says how many seconds a run may take")


def test_what_holds_already_is_seen_when_the_time_is_over() -> None:
    assert limited({"until": 1.0}, 100.0)[0] == SHORTEST
