"""What the command offers: its verbs and settings, as a text for people and as completion for shells."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from bootstrap import tree
from bootstrap.errors import UsageError
from bootstrap.setting_keys import KEYS

ASIDE = {"help": "Show this menu", "completion": "Print what a shell needs to complete this: bash or zsh"}
WIDTH = 100
SHELLS = {
    "bash": "",
    "zsh": "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n",
}
FUNCTION = """\
# words hold no blanks, and neither zsh nor the bash of macOS has mapfile
# shellcheck disable=SC2207
_serving_demo() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}"
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{verbs}" -- "$word"))
    elif [ "${{COMP_WORDS[1]}}" = completion ]; then
        COMPREPLY=($(compgen -W "{shells}" -- "$word"))
    else
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -W "{settings}" -- "$word"))
    fi
}}
complete -F _serving_demo serving-demo"""


def ways_on() -> str:
    """Return what to type where nothing says which cluster to use."""
    clone = tree.PACKAGE.parent == tree.ROOT
    example = "creds.env.example" if clone else str(tree.ROOT / "creds.env.example")
    command, rehearse = ("make", "") if clone else ("serving-demo demo", " in a clone of the project:")
    return f"""nothing says which cluster to use; there are three ways on:
  cp {example} creds.env   and fill in CLUSTER, USER and PASSWORD (or TOKEN)
  {command} KUBECONFIG=<file>           with a kubeconfig of a cluster administrator
  make rehearse                   {rehearse} with no cluster at all: a rehearsal cluster on this machine"""


def told(arguments: Sequence[str], verbs: Mapping[str, str]) -> str | None:
    """Return the answer to `help` or `completion <shell>`, which need neither settings nor a cluster."""
    if arguments[:1] == ["help"]:
        return text(verbs)
    return completion(arguments[1:], verbs) if arguments[:1] == ["completion"] else None


def text(verbs: Mapping[str, str]) -> str:
    """Return the menu."""
    width = max(map(len, verbs)) + 2
    lines = [f"  {verb:<{width}}{sentence}" for verb, sentence in {**verbs, **ASIDE}.items()]
    names = ", ".join(key.name for key in KEYS)
    return "\n".join(
        [
            "serving-demo <verb> [KEY=VALUE ...]",
            "",
            *lines,
            "",
            *textwrap.wrap(f"Settings: {names}.", WIDTH),
            f"{tree.ROOT / 'creds.env.example'} explains each, and which may stand in ./creds.env.",
        ]
    )


def completion(shells: Sequence[str], verbs: Mapping[str, str]) -> str:
    """Return the script for one shell; what is secret is not offered, because a command line can be read."""
    if len(shells) != 1 or shells[0] not in SHELLS:
        given = f"'{' '.join(shells)}' is no shell known here" if shells else "which shell is not said"
        raise UsageError(f"completion: {given}; write `serving-demo completion bash`, or zsh")
    settings = " ".join(f"{key.name}=" for key in KEYS if not key.secret)
    words = " ".join([*verbs, *ASIDE])
    return SHELLS[shells[0]] + FUNCTION.format(verbs=words, shells=" ".join(SHELLS), settings=settings)
