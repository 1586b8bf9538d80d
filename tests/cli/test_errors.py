"""Bad input gets one clear message and the right exit code, before anything is sent."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import enumerate as enumerate_threads
from threading import main_thread
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from jhos.cli import main
from tests.cluster.answering import Answer, Broken, Request, answering, failure, in_turn
from tests.shells import completing

START = "from jhos.cli import main; main(prog_name='jhos')"


def run(*arguments: str, **environment: str) -> Result:
    clean = {"KUBECONFIG": "/nowhere/config", "JHOS_NAMESPACE": None, "HOME": "/nowhere"}
    return CliRunner().invoke(main, arguments, prog_name="jhos", env={**clean, **environment})


def kubeconfig(folder: Path, server: str, **context: Any) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "canary-token"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **context}}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    return str(file)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("name", ["Alpha", "a_b", "1a", "x" * 60])
@pytest.mark.parametrize("command", [("deploy", "--name"), ("diff", "--name"), ("status",),
                                     ("teardown",), ("users", "list")])  # fmt: skip
def test_a_bad_name_is_refused_with_a_good_one(command: tuple[str, ...], name: str) -> None:
    """Before a cluster is looked for: there is none."""
    result = run(*command, name)
    assert result.exit_code == 2
    assert "For example: " in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deploy", "--notebook-memory", "1x"), "notebook.memory"),
        (("render", "--hub-cpu", "much"), "hub.cpu"),
        (("configure", "alpha", "--set", "notebok.memory=1Gi"), "notebook"),
    ],
)
def test_a_bad_setting_is_told_before_a_cluster_is_looked_for(
    words: tuple[str, ...], said: str
) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("key", ["cookie-secret", "jupyterhub_config.py"])
@pytest.mark.parametrize("command", [("deploy",), ("configure", "alpha")])
def test_a_secret_of_jhos_itself_is_not_given(command: tuple[str, ...], key: str) -> None:
    """A hub with another cookie secret or database password would not start any more."""
    result = run(*command, "--secret-file", f"{key}=-")
    assert result.exit_code == 2
    assert f"its own {key}" in result.stderr


def test_a_login_goes_by_tls_alone() -> None:
    result = run("login", "http://api.example.com:6443")
    assert result.exit_code == 2
    assert "Is it https://api.example.com:6443?" in result.stderr


def test_no_kubeconfig_suggests_a_login_and_the_sandbox() -> None:
    result = run("deploy")
    assert result.exit_code == 3
    assert "no kubeconfig" in result.stderr
    assert "--sandbox" in result.stderr
    assert "login" in result.stderr


@pytest.mark.parametrize(
    "words",
    ["configure alpha --set hub.memory=1Gi", "profiles default alpha large", "build-images hub",
     "rollout alpha undo", "rollout alpha restart", "deploy", "diff", "render"],
)  # fmt: skip
def test_what_changes_a_project_tells_first_which(tmp_path: Path, words: str) -> None:
    with answering(in_turn(failure(403, "no"))) as server:
        config = kubeconfig(tmp_path, server.address, namespace="demo")
        result = run(*words.split(), KUBECONFIG=config)
    assert result.exit_code == 4
    assert result.stderr.startswith("Project demo (context here)\n")


def test_an_unknown_context_names_those_that_there_are(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, "https://127.0.0.1:1")
    result = run("teardown", "alpha", "--context", "there", KUBECONFIG=config)
    assert result.exit_code == 3
    assert "'there'" in result.stderr
    assert "There are: here." in result.stderr


def test_a_server_that_does_not_answer_is_named(tmp_path: Path, free_port: int) -> None:
    server = f"https://127.0.0.1:{free_port}"
    result = run("deploy", "-n", "demo", KUBECONFIG=kubeconfig(tmp_path, server))
    assert result.exit_code == 3
    assert f"{server} does not answer: Connection refused" in result.stderr
    assert "Traceback" not in result.output
    assert "canary-token" not in result.output


def test_a_command_that_failed_leaves_no_request_behind(tmp_path: Path) -> None:
    def script(request: Request) -> Answer | Broken:
        return failure(403, "no") if "rulesreviews" in request.path else Broken()

    with answering(script) as server:
        config = kubeconfig(tmp_path, server.address)
        result = run("rollout", "alpha", "restart", KUBECONFIG=config)
        assert result.exit_code == 4
        for thread in set(enumerate_threads()) - {main_thread()}:
            if not thread.daemon:
                thread.join(30)
                assert not thread.is_alive()


def test_signals_are_handled_as_before_once_a_command_has_ended() -> None:
    def own(*_: object) -> None: ...

    before = {number: signal.signal(number, own) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        run("settings", "schema")
        assert {signal.getsignal(number) for number in before} == {own}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(("words", "times"), [((), 1), (("-q",), 0)])
def test_an_outage_is_told_while_a_command_waits(
    tmp_path: Path, words: tuple[str, ...], times: int
) -> None:
    nothing = Answer(body={"items": [], "metadata": {"resourceVersion": "1"}})
    with answering(in_turn(*[failure(503, "restarting")] * 6, nothing)) as server:
        config = kubeconfig(tmp_path, server.address)
        result = run("list", "-n", "demo", *words, KUBECONFIG=config)
    assert result.exit_code == 0
    assert result.stderr.count("answers 503: trying again until") == times


def test_a_logout_takes_the_token_out_though_the_server_is_away(
    tmp_path: Path, free_port: int
) -> None:
    config = kubeconfig(tmp_path, f"https://127.0.0.1:{free_port}")
    result = run("logout", "-o", "json", KUBECONFIG=config)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["forgotten"] is False
    assert "canary-token" not in Path(config).read_text()


@pytest.mark.parametrize("content", ["a: [", "- a", "hello", "", "contexts: 7"])
def test_a_kubeconfig_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "kubeconfig").write_text(content)
    result = run("deploy", KUBECONFIG=str(tmp_path / "kubeconfig"))
    assert result.exit_code == 3
    assert str(tmp_path / "kubeconfig") in result.stderr


def test_a_configuration_with_a_syntax_error_stops_before_the_cluster(tmp_path: Path) -> None:
    config = tmp_path / "jupyterhub_config.py"
    config.write_text("c.JupyterHub.port = (\n")
    result = run("deploy", "--config", str(config))
    assert result.exit_code == 2
    assert "line 1" in result.stderr


def test_an_unknown_image_names_the_known(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, "https://127.0.0.1:1")
    result = run("build-images", "scipi", KUBECONFIG=config)
    assert result.exit_code == 2
    assert "hub, minimal" in result.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("deplyo", "'deploy'"),
        ("users lsit a", "'list'"),
        ("deploy --nmae x", "'--name'"),
        ("deploy --auth opnshift", "openshift"),
        ("configure a --set notebok.memory=1Gi", "notebook"),
    ],
)
def test_what_is_mistyped_suggests_the_nearest(words: str, meant: str) -> None:
    result = run(*words.split())
    assert result.exit_code == 2
    assert f"Did you mean {meant}?" in result.stderr


@pytest.mark.parametrize(
    "words", [["deplyo", "-o", "json"], ["deploy", "-ojson", "--nope"], ["teardown", "-o=yaml"],
              ["sandbox", "doctro", "--output=json"]],
)  # fmt: skip
def test_wrong_usage_is_told_as_data_to_whom_reads_data(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    error = json.loads(result.stderr)["error"]
    assert error["exitCode"] == 2
    assert error["message"]


def test_colours_are_left_out_where_nobody_wants_them() -> None:
    plain = {"KUBECONFIG": "/nowhere", "HOME": "/nowhere", "NO_COLOR": "1"}
    colourful = {**plain, "NO_COLOR": None}
    for environment, coloured in ((plain, False), (colourful, True)):
        result = CliRunner().invoke(main, ["list"], env=environment, color=True)
        assert result.exit_code == 3
        assert ("\x1b[" in result.stderr) is coloured


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("jhos deploy --auth op", "openshift"),
        ("jhos deploy --database sq", "sqlite"),
        ("jhos deploy --interface ", "classic"),
        ("jhos list --context he", "here"),
        ("jhos diff --ex", "--exit-code"),
        ("jhos settings sc", "schema"),
        ("jhos build-images sc", "scipy"),
        ("jhos deploy -f jh", "jh"),
        ("jhos configure a --set notebook.mem", "notebook.memory="),
        ("jhos configure a --get cull.", "cull.idle"),
        ("jhos logs a pr", "proxy"),
    ],
)
def test_a_shell_completes_values_without_a_cluster(
    tmp_path: Path, line: str, offered: str
) -> None:
    config = kubeconfig(tmp_path, "https://127.0.0.1:1")
    result = run(KUBECONFIG=config, **completing(line))
    assert offered in [each.partition(",")[2] for each in result.stdout.splitlines()]


def test_a_shell_completes_no_names_without_a_cluster() -> None:
    assert "teardown" in run(**completing("jhos te")).stdout
    result = run(**completing("jhos teardown al"))
    assert (result.exit_code, result.stdout.strip()) == (0, "")


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes requests and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("signals", [1, 2])
def test_an_interrupt_ends_a_request_that_hangs(
    tmp_path: Path, silent_server: str, signals: int
) -> None:
    config = kubeconfig(tmp_path, silent_server)
    command = [sys.executable, "-c", START, "check", "a", "--kubeconfig", config]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert "Project" in process.stderr.readline()
        for _ in range(signals):
            process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert signals == 2 or "The same command goes on" in said


@pytest.mark.parametrize("command", ["deploy", "diff", "render", "check"])
def test_a_file_of_settings_that_is_wrong_is_named_before_the_cluster(
    tmp_path: Path, command: str
) -> None:
    file = tmp_path / "jhos.yaml"
    file.write_text("hub:\n  memroy: 1Gi\n")
    result = run(command, "-f", str(file))
    assert result.exit_code == 2
    assert f"{file}, line 2: There is no setting hub.memroy." in result.stderr
    assert "hub.memory" in result.stderr


def test_output_that_cannot_be_written_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", START, "settings", "schema"],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_rendered_offline_needs_no_cluster(tmp_path: Path) -> None:
    file = tmp_path / "jhos.yaml"
    file.write_text("name: alpha\nhub: {image: quay.io/org/hub:1, memory: 700Mi}\n")
    image = {"JHOS_NOTEBOOK_IMAGE": "quay.io/org/notebook:1"}
    words = ("render", "--offline", "-n", "demo", "-f", str(file), "--notebook-cpu", "2")
    result = run(*words, **image)
    assert result.exit_code == 0
    objects = {(obj["kind"], obj["metadata"]["name"]): obj
               for obj in yaml.safe_load_all(result.stdout)}  # fmt: skip
    settings = yaml.safe_load(objects["ConfigMap", "alpha-cfg"]["data"]["settings.yaml"])
    assert settings["hub"]["memory"] == "700Mi"
    assert settings["notebook"]["image"] == "quay.io/org/notebook:1"
    assert settings["notebook"]["cpu"] == "2"
    assert run(*words, **image).stdout == result.stdout


def test_sandbox_and_context_exclude_each_other() -> None:
    result = run("deploy", "--sandbox", "--context", "x")
    assert result.exit_code == 2
    assert "--sandbox" in result.stderr


def commands(group: click.Group) -> list[tuple[str, click.Command]]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command, f"{name} is in the table, and not in its module"
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", each) for inner, each in commands(command)]
    return found


@pytest.mark.parametrize(("name", "command"), commands(main))
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    assert command.help
    assert "jhos " in command.help, f"{name} shows no example"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name} has no help"
