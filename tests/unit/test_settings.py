"""Settings: every rule with its message, every problem at once, and no secret in any of them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import creds_file
from bootstrap.errors import SettingsError
from bootstrap.secret import Secret
from bootstrap.setting_keys import BY_NAME, KEYS
from bootstrap.settings import Settings, load

CREDS = Path(__file__).parents[1] / "data" / "creds"
EXAMPLE = Path(__file__).parents[2] / "creds.env.example"
SERVER = "https://api.lab.example:6443"


def write(folder: Path, text: str) -> Path:
    path = folder / "creds.env"
    path.write_text(text)
    return path


def kubeconfig(folder: Path, server: str = SERVER, **changes: object) -> Path:
    path = folder / "kubeconfig"
    path.write_text(
        "current-context: c\n"
        f"clusters: [{{name: k, cluster: {{server: '{server}'}}}}]\n"
        "users: [{name: u, user: {}}]\n"
        "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
    )
    return path


def problems(overrides: dict[str, str], creds: Path | None = None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(overrides, creds, environ or {})
    assert caught.value.exit_code == 2
    return caught.value.problems


@pytest.mark.parametrize("path", sorted((CREDS / "valid").iterdir()), ids=lambda path: path.stem)
def test_good_files_are_taken(path: Path) -> None:
    settings = load({}, path, {})
    assert settings.cluster == SERVER
    assert settings.token or (settings.user == "alice" and settings.password)


@pytest.mark.parametrize("path", sorted((CREDS / "invalid").iterdir()), ids=lambda path: path.stem)
def test_bad_files_are_refused_with_the_message_they_open_with(path: Path) -> None:
    said = re.search(r"^# says: (.*)$", path.read_text(), re.MULTILINE)
    assert said
    assert problems({}, path) == [said[1]]


def test_a_value_is_never_given_to_a_shell() -> None:
    settings = load({}, CREDS / "valid" / "quotes-and-blanks.env", {})
    assert settings.password == Secret("a 'b' #c $d `e`")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    creds = write(tmp_path, "CLUSTER=http://x\nTIMEOUT=1\nNOPE=1\n")
    found = problems({"DELIVERY": "x", "NAMESAPCE": "y"}, creds)
    assert len(found) == 6
    assert "\n".join(found) == str(SettingsError(found))


def test_the_command_line_wins_over_the_file_and_the_file_over_the_environment(tmp_path: Path) -> None:
    creds = write(tmp_path, f"CLUSTER={SERVER}\nUSER=a\nPASSWORD=b\nNAMESPACE=file\nTIMEOUT=100\n")
    environ = {"NAMESPACE": "environment", "TIMEOUT": "200", "STORAGE_CLASS": "environment"}
    settings = load({"NAMESPACE": "typed"}, creds, environ)
    assert (settings.namespace, settings.timeout, settings.storage_class) == ("typed", 100, "environment")


def test_the_shells_user_is_never_the_clusters(tmp_path: Path) -> None:
    creds = write(tmp_path, f"CLUSTER={SERVER}\nTOKEN=t\n")
    assert load({}, creds, {"USER": "me"}).user is None
    assert load({"USER": "alice"}, write(tmp_path, f"CLUSTER={SERVER}\nPASSWORD=p\n"), {"USER": "me"}).user == "alice"


@pytest.mark.parametrize("name", ["PASSWORD", "TOKEN", "REPO_TOKEN"])
def test_secrets_are_refused_on_the_command_line_and_not_repeated(name: str) -> None:
    found = problems({name: "hunter2"})
    assert f"make: {name} on the command line can be read by everybody on this machine; put it into creds.env" in found
    assert "hunter2" not in str(found)


def test_a_token_in_the_environment_does_not_mix_with_the_password_of_the_file(tmp_path: Path) -> None:
    creds = write(tmp_path, f"CLUSTER={SERVER}\nUSER=a\nPASSWORD=b\n")
    assert load({}, creds, {"TOKEN": "somebody's"}).token is None


def test_one_cluster_is_meant_or_nothing_happens(tmp_path: Path) -> None:
    creds = write(tmp_path, f"CLUSTER={SERVER}\nUSER=a\nPASSWORD=b\n")
    same = kubeconfig(tmp_path, "https://API.lab.example:6443/")
    assert load({"KUBECONFIG": str(same)}, creds, {}).kubeconfig == same
    other = kubeconfig(tmp_path, "https://api.other.example:6443")
    assert problems({"KUBECONFIG": str(other)}, creds) == [
        "make: KUBECONFIG means https://api.other.example:6443, but creds.env:1: CLUSTER means "
        "https://api.lab.example:6443; leave one of them out, so that nothing happens on the wrong cluster"
    ]


def test_the_shells_kubeconfig_is_no_second_way_to_sign_in_but_must_not_mean_another_cluster(tmp_path: Path) -> None:
    creds = write(tmp_path, f"CLUSTER={SERVER}\nUSER=a\nPASSWORD=b\n")
    same = kubeconfig(tmp_path, f"{SERVER}/")
    assert load({}, creds, {"KUBECONFIG": str(same)}).kubeconfig is None
    assert load({}, creds, {"KUBECONFIG": "/gone"}).kubeconfig is None
    other = kubeconfig(tmp_path, "https://api.other.example:6443")
    with pytest.raises(
        SettingsError, match=r"^environment: KUBECONFIG means https://api.other.example:6443, but creds"
    ):
        load({}, creds, {"KUBECONFIG": str(other)})


def test_a_rehearsal_is_never_mixed_with_the_cluster_of_creds_env(tmp_path: Path) -> None:
    its = {"KUBECONFIG": str(kubeconfig(tmp_path, SERVER)), "HTTPS_PROXY": "http://127.0.0.1:8080", "NO_PROXY": "here"}
    real = "CLUSTER=https://api.real.example:6443\nUSER=a\nPASSWORD=\nNO_PROXY=.example\nSTORAGE_CLASS=gold\n"
    creds = write(tmp_path, f"{real}REPO_URL=https://git.real.example/a.git\nNAMESPACE=class-a\n")
    for overrides, environ in (({"REHEARSAL": "default"}, its), ({}, {**its, "REHEARSAL": "default"})):
        settings = load(overrides, creds, environ)
        assert str(settings.kubeconfig) == its["KUBECONFIG"]
        assert (settings.cluster, settings.user, settings.storage_class, settings.repo_url) == (None, None, None, None)
        assert (settings.no_proxy, settings.namespace) == ("here", "class-a")
    assert load({"REHEARSAL": ""}, write(tmp_path, real.replace("PASSWORD=", "PASSWORD=b")), {}).user == "a"


def test_a_kubeconfig_beside_the_name_of_a_rehearsal_means_that_rehearsal(tmp_path: Path) -> None:
    its = kubeconfig(tmp_path, SERVER)
    theirs = tmp_path / "theirs"
    theirs.write_text(its.read_text().replace(SERVER, "https://api.other.example:6443"))
    environ = {"KUBECONFIG": str(its), "REHEARSAL": "default"}
    assert load({"KUBECONFIG": str(its)}, None, environ).kubeconfig == its
    with pytest.raises(SettingsError, match=f"https://api.other.example:6443, but REHEARSAL=default is {SERVER};"):
        load({"KUBECONFIG": str(theirs)}, None, environ)


def test_a_kubeconfig_in_ones_home_or_beside_is_known_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kubeconfig(tmp_path, SERVER)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for text in (f"~/{path.name}", path.name):
        assert load({"KUBECONFIG": text}, None, {}).kubeconfig == path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no file '{path}'; give the path of a kubeconfig"),
        ("a: [", "{path} is not YAML; give the path of a kubeconfig"),
        (
            "just text",
            "{path} is not a kubeconfig: expected a mapping with clusters, contexts and users; give the path",
        ),
        (
            "contexts: [{name: one}, {name: two}]",
            "{path} has no current-context (contexts in it: one, two); choose one with `kubectl config",
        ),
        ("current-context: gone", "current-context of {path} names 'gone', which is not among its contexts (none)"),
        (
            "{current-context: c, contexts: [{name: c, context: {cluster: x}}], clusters: [{name: y}]}",
            "context 'c' of {path} names 'x', which is not among its clusters (y)",
        ),
        (
            "{current-context: c, contexts: [{name: c, context: {cluster: x}}], clusters: [{name: x, cluster: {}}]}",
            "cluster 'x' in {path} has no server",
        ),
    ],
    ids=["missing", "no-yaml", "text", "no-context", "gone-context", "gone-cluster", "no-server"],
)
def test_a_kubeconfig_that_cannot_be_used_is_told_by_its_fault(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "k"
    if text is not None:
        path.write_text(text)
    (found,) = problems({"KUBECONFIG": str(path)})
    assert found.startswith("make: KUBECONFIG: " + said.format(path=path))


def test_of_several_clusters_the_current_one_counts_and_lists_of_files_are_merged(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("current-context: b\ncontexts: [{name: b, context: {cluster: two, user: u}}]\n")
    second.write_text(
        "clusters: [{name: one, cluster: {server: https://one}}, {name: two, cluster: {server: 'https://two/'}}]\n"
    )
    settings = load({"KUBECONFIG": f"{first}:{second}"}, None, {})
    from bootstrap.kubeconfig import current_context

    assert settings.kubeconfig
    assert current_context(settings.kubeconfig).server == "https://two"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_is_no_text_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "creds.env"
    path.mkdir() if content is None else path.write_bytes(content)
    (found,) = problems({}, path)
    assert ("is a directory" if content is None else "is not UTF-8 text") in found


def test_nothing_given_is_all_defaults(tmp_path: Path) -> None:
    assert load({}, tmp_path / "creds.env", {}) == Settings()
    assert load({"REHEARSAL": "x", "PYTHON": "python3.12"}, None, {"PATH": "/bin"}) == Settings()


def test_what_is_written_down_holds_no_secret_no_path_and_nothing_of_one_run(tmp_path: Path) -> None:
    creds = write(tmp_path, f"CLUSTER={SERVER}\nTOKEN=hunter2\nREPO_TOKEN=hunter3\nHTTPS_PROXY=http://u:hunter4@p:1\n")
    public = load({"YES": "1", "REVISION": "main"}, creds, {}).public()
    assert public == {"NAMESPACE": "serving-demo-gitops", "REVISION": "main", "SERVING": "auto"}


def test_every_key_has_its_field_and_every_field_its_key() -> None:
    assert [key.field for key in KEYS] == [field.name for field in dataclasses.fields(Settings)]


def test_the_example_explains_every_key_and_no_other() -> None:
    text = EXAMPLE.read_text()
    explained = set(re.findall(r"\b([A-Z][A-Z_]+)=", text)) - {"KEY"}
    assert explained == set(BY_NAME)
    settable = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    assert settable == {key.name for key in KEYS if not key.one_run}


def test_the_example_filled_in_is_valid(tmp_path: Path) -> None:
    filled = EXAMPLE.read_text().replace("\nPASSWORD=\n", "\nPASSWORD=x\n")
    assert load({}, write(tmp_path, filled), {}).user == "kubeadmin"


words = st.text(
    st.characters(min_codepoint=33, exclude_characters="\x7f", exclude_categories=["Cs", "Cc", "Z"]), min_size=1
)


@given(words.filter(lambda text: text[0] not in "'\""))
def test_any_printable_password_comes_back_as_it_was_written(password: str) -> None:
    parsed = creds_file.parse(f"PASSWORD={password}\n")
    assert parsed.values == {"PASSWORD": (password, 1)}
    quote = "'" if '"' in password else '"'
    assert creds_file.parse(f"PASSWORD={quote}{password}{quote}\r\n").values == {"PASSWORD": (password, 1)}


@given(st.text())
def test_no_text_breaks_the_parser_and_every_line_counts(text: str) -> None:
    parsed = creds_file.parse(text)
    lines = [line for line in text.split("\n") if line.strip() and not line.strip().startswith("#")]
    assert len(parsed.values) + len(parsed.problems) == len(lines)


@given(words)
def test_a_secret_shows_itself_nowhere(value: str) -> None:
    secret = Secret(value)
    shown = f"{secret} {secret!r} {[secret]} {Settings(password=secret)!r}"
    assert shown.replace("Secret(***)", "").count("***") == 1
    assert secret.reveal() == value
    assert secret == Secret(value) != Secret(value + "x")


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), words, max_size=6))
def test_whatever_is_given_ends_in_settings_or_in_their_problems(values: dict[str, str]) -> None:
    said = ""
    try:
        load(values, None, {})
    except SettingsError as error:
        said = str(error)
    # short ones stand in the words of a message by chance
    assert not [name for name, value in values.items() if BY_NAME[name].secret and len(value) > 12 and value in said]
