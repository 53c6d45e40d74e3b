"""Triton's command line as the V2 server takes it."""

from pathlib import Path

import pytest

from rehearsal.images.v2server.arguments import UsageError, parse


def test_the_arguments_of_a_serving_runtime() -> None:
    words = "--model-store=/mnt/models --http-port=8080 --grpc-port=9000 --allow-http=true --allow-grpc=true"
    options = parse(words.split())
    assert options.repositories == [Path("/mnt/models")]
    assert options.http_address == "0.0.0.0"
    assert (options.http_port, options.grpc_port, options.metrics_port) == (8080, 9000, 8002)
    assert (options.allow_http, options.allow_grpc, options.exit_on_error) == (True, True, True)
    assert options.control_mode == "none"


def test_values_may_follow_as_a_word_and_options_may_repeat() -> None:
    words = "--model-repository /a --model-repository /b --model-control-mode explicit --load-model x --load-model=y"
    options = parse([*words.split(), "--disable-auto-complete-config", "--metrics-port", "1"])
    assert options.repositories == [Path("/a"), Path("/b")]
    assert options.load_models == ["x", "y"]
    assert (options.auto_complete, options.metrics_port) == (False, 1)


def test_strict_configuration_is_the_older_name_of_no_completion() -> None:
    assert parse(["--model-store=/m", "--strict-model-config=true"]).auto_complete is False
    assert parse(["--model-store=/m", "--strict-model-config=false"]).auto_complete is True


def test_what_concerns_other_parts_of_triton_is_ignored_and_named() -> None:
    words = ["--model-store=/m", "--log-verbose=1", "--backend-config=onnxruntime,default-max-batch-size=8"]
    assert parse(words).ignored == words[1:]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--model-repository must be specified"),
        (["tritonserver"], "unexpected argument 'tritonserver'"),
        (["--nosuch=1"], "unrecognized option '--nosuch'"),
        (["--model-store=s3://bucket/models"], "reads local folders only; download the models first"),
        (["--http-port=http"], "invalid value for --http-port: 'http'; expected a number"),
        (["--allow-grpc=maybe"], "invalid value for --allow-grpc: 'maybe'; expected true or false"),
        (["--model-store=/m", "--model-control-mode=x"], "invalid argument for --model-control-mode: 'x'"),
    ],
)
def test_what_triton_would_refuse(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(words)
