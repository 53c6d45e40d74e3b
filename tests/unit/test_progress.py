"""Progress as plain lines, and as the actions send it."""

from __future__ import annotations

import io
import json
import socket
import time

from bootstrap.progress import Line, Lines, listening, progress


def test_plain_lines_name_the_stage_and_end_with_its_time() -> None:
    out = io.StringIO()
    show = Lines(out)
    show.start("storage", "MinIO")
    show.say("Deployment minio: 0 of 1")
    show.done("9 changed")
    first, second, third = out.getvalue().splitlines()
    assert first == "storage     MinIO"
    assert second == "storage     … Deployment minio: 0 of 1"
    assert third.startswith("storage     done in 0.0 s: 9 changed")


def test_a_terminal_shows_how_long_a_stage_has_and_how_long_it_usually_takes() -> None:
    shown = Line("storage", "waits for [minio]", time.monotonic() - 7).__rich__()
    assert shown.plain == "storage     waits for [minio] (7 s, usually 30 s)"
    assert Line("teardown", "objects", time.monotonic()).__rich__().plain == "teardown    objects (0 s)"


def test_the_same_text_is_said_once() -> None:
    out = io.StringIO()
    show = Lines(out)
    show.start("storage", "MinIO")
    show.say("waiting")
    show.spoke -= 10
    show.say("waiting")
    assert out.getvalue().count("waiting") == 1


def test_what_an_operator_says_in_several_lines_stands_on_one() -> None:
    out = io.StringIO()
    Lines(out, stage="rhods").say("1: CatalogSourcesUnhealthy | False\n2: InstallPlanPending | True\n")
    assert out.getvalue() == "rhods       … 1: CatalogSourcesUnhealthy | False 2: InstallPlanPending | True\n"


def test_what_is_no_terminal_gets_plain_lines() -> None:
    assert type(progress(io.StringIO())) is Lines


def test_what_an_action_sends_is_shown_for_the_stage_that_runs() -> None:
    out = io.StringIO()
    show = Lines(out)
    show.start("storage", "MinIO")
    with listening(show) as path, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(json.dumps({"stage": "serving", "text": "not now"}).encode(), str(path))
        channel.sendto(b"no json", str(path))
        channel.sendto(json.dumps({"stage": "storage", "text": "0 of 1"}).encode(), str(path))
        end = time.monotonic() + 5
        while "0 of 1" not in out.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    assert "… 0 of 1" in out.getvalue()
    assert "not now" not in out.getvalue()
