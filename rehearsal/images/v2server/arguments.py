"""Triton's command line: what concerns this server is obeyed, what concerns other parts of Triton is ignored aloud."""

import re
from dataclasses import dataclass, field
from pathlib import Path

KNOWN_TO_TRITON = re.compile(
    r"(allow|backend|buffer-manager|cache|cuda|disable|enable|exit-timeout|grpc|host-policy|http|id|log|metrics|"
    r"min-supported|model-load|model-namespacing|pinned-memory|rate-limit|repoagent|response-cache|reuse|sagemaker|"
    r"strict|trace|vertex-ai)(-|$)"
)
FLAGS = {"disable-auto-complete-config"}  # options that take no value
TRUE, FALSE = {"true", "1", "on"}, {"false", "0", "off"}


class UsageError(Exception):
    """The command line is not one that Triton would take."""


@dataclass(slots=True)
class Options:
    """What this server does of what Triton can be told."""

    repositories: list[Path] = field(default_factory=list)
    http_address: str = "0.0.0.0"  # noqa: S104 the network namespace of a pod is its own
    http_port: int = 8000
    grpc_address: str = "0.0.0.0"  # noqa: S104
    grpc_port: int = 8001
    metrics_address: str = ""  # empty: as http_address
    metrics_port: int = 8002
    allow_http: bool = True
    allow_grpc: bool = True
    allow_metrics: bool = True
    control_mode: str = "none"
    load_models: list[str] = field(default_factory=list)
    poll_seconds: float = 15
    auto_complete: bool = True
    exit_on_error: bool = True
    strict_readiness: bool = True
    exit_timeout: float = 0.5
    ignored: list[str] = field(default_factory=list)


def parse(arguments: list[str]) -> Options:
    """The options, or the first thing that Triton would refuse."""
    options = Options()
    for name, value in _pairs(arguments):
        _take(options, name, value)
    if not options.repositories:
        raise UsageError("--model-repository must be specified")
    if options.control_mode not in ("none", "poll", "explicit"):
        raise UsageError(f"invalid argument for --model-control-mode: '{options.control_mode}'; none, poll or explicit")
    return options


def _pairs(arguments: list[str]) -> list[tuple[str, str]]:
    """Option and value, written as --name=value, as --name value or as a bare --name."""
    pairs, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            raise UsageError(f"unexpected argument '{word}'")
        name, equals, value = word[2:].partition("=")
        if not equals and name not in FLAGS and rest and not rest[0].startswith("--"):
            value = rest.pop(0)
        pairs.append((name, value))
    return pairs


def _take(options: Options, name: str, value: str) -> None:
    plain = name.replace("-", "_")
    if name in ("model-store", "model-repository"):
        if "://" in value:
            raise UsageError(f"--{name}={value}: this server reads local folders only; download the models first")
        options.repositories.append(Path(value))
    elif name in ("http-port", "grpc-port", "metrics-port"):
        setattr(options, plain, int(_number(name, value)))
    elif name in ("http-address", "grpc-address", "metrics-address"):
        setattr(options, plain, value)
    elif name in ("allow-http", "allow-grpc", "allow-metrics", "exit-on-error", "strict-readiness"):
        setattr(options, plain, _truth(name, value))
    elif name == "strict-model-config":
        options.auto_complete = not _truth(name, value)
    elif name == "disable-auto-complete-config":
        options.auto_complete = False
    elif name == "model-control-mode":
        options.control_mode = value
    elif name == "load-model":
        options.load_models.append(value)
    elif name == "repository-poll-secs":
        options.poll_seconds = _number(name, value)
    elif KNOWN_TO_TRITON.match(name):
        options.ignored.append(f"--{name}={value}" if value else f"--{name}")
    else:
        raise UsageError(f"unrecognized option '--{name}'")


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"invalid value for --{name}: '{value}'; expected a number") from None


def _truth(name: str, value: str) -> bool:
    if value.lower() not in TRUE | FALSE:
        raise UsageError(f"invalid value for --{name}: '{value}'; expected true or false")
    return value.lower() in TRUE
