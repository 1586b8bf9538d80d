from jhos.actions.explain import set_in

PLACE = "ConfigMap course-cfg"


def test_what_a_file_sets_is_told_with_its_line() -> None:
    (found,) = set_in("import os\nc.KubeSpawner.start_timeout = 600\n", PLACE)
    assert vars(found) == {
        "setting": "KubeSpawner.start_timeout",
        "value": "600",
        "source": f"{PLACE}, line 2",
    }


def test_what_a_file_adds_to_a_list_is_told() -> None:
    (found,) = set_in("c.JupyterHub.services.append({'name': 'x'})\n", PLACE)
    assert (found.setting, found.value) == ("JupyterHub.services.append", "{'name': 'x'}")


def test_a_secret_of_a_file_is_not_told() -> None:
    (found,) = set_in("c.GitHubOAuthenticator.client_secret = 'very secret'\n", PLACE)
    assert found.value == "…"


def test_a_file_that_is_no_python_is_said_to_be_none() -> None:
    (found,) = set_in("c.JupyterHub.port =\n", PLACE)
    assert found.value == "is no Python"


def test_a_secret_on_a_later_line_of_a_value_is_not_told() -> None:
    text = 'c.JupyterHub.services = [\n    {"name": "x",\n     "api_token": "abc"}]\n'
    assert [each.value for each in set_in(text, "here")] == ["…"]
