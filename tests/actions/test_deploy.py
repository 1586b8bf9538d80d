from base64 import b64encode
from dataclasses import replace

from jhos.actions.edits import Given, Stored

STORED = Stored(
    exists=True,
    settings={"name": "alpha", "hub": {"memory": "1Gi", "cpu": "2"}},
    configuration={"jupyterhub_config.py": "c.A.b = 1", "jupyterhub_config.sh": "true"},
    secrets={"cookie-secret": "a2VwdA=="},
)


def test_what_is_given_is_laid_over_what_is_stored() -> None:
    edited = Given(settings={"hub": {"memory": "2Gi"}})(STORED)
    assert edited.settings == {"name": "alpha", "hub": {"memory": "2Gi", "cpu": "2"}}


def test_a_file_that_is_not_given_stays() -> None:
    edited = Given(settings={}, configuration={"jupyterhub_config.py": "c.A.b = 2"})(STORED)
    assert edited.configuration == {
        "jupyterhub_config.py": "c.A.b = 2",
        "jupyterhub_config.sh": "true",
    }


def test_secrets_are_kept_beside_those_that_are_given() -> None:
    edited = Given(settings={}, secrets={"auth-password": "s3cret"})(STORED)
    assert edited.secrets == {
        "cookie-secret": "a2VwdA==",
        "auth-password": b64encode(b"s3cret").decode(),
    }
    assert "s3cret" not in repr(Given(settings={}, secrets={"auth-password": "s3cret"}))
    assert "a2VwdA" not in repr(STORED)


def test_the_stored_way_to_log_in_decides_what_a_secret_is_of() -> None:
    stored = replace(STORED, settings={"name": "alpha", "auth": {"type": "password"}})
    given = Given(settings={}, auth_secret="s3cret")
    assert "auth-password" in given(stored).secrets
    assert "auth-client-secret" not in given(stored).secrets
    other = Given(settings={"auth": {"type": "github"}}, auth_secret="s3cret")
    assert "auth-client-secret" in other(stored).secrets
    assert "s3cret" not in repr(given)
