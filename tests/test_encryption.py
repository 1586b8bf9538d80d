import pytest

from jhos.encryption import decrypt, encrypt
from jhos.errors import SettingsError

SECRETS = {"cookie-secret": "czNjcjN0", "auth-client-secret": "aHVzaA=="}


@pytest.fixture(scope="module")
def encrypted() -> bytes:
    return encrypt(SECRETS, "correct horse")


def test_a_passphrase_gives_the_secrets_back(encrypted: bytes) -> None:
    assert decrypt(encrypted, "correct horse") == SECRETS


def test_another_passphrase_is_refused(encrypted: bytes) -> None:
    with pytest.raises(SettingsError, match="passphrase is not the one"):
        decrypt(encrypted, "battery staple")


def test_nothing_of_the_secrets_is_legible(encrypted: bytes) -> None:
    assert not any(word.encode() in encrypted for pair in SECRETS.items() for word in pair)


def test_the_same_secrets_look_different_each_time(encrypted: bytes) -> None:
    assert encrypt(SECRETS, "correct horse") != encrypted


@pytest.mark.parametrize("content", [b"", b"salt", b"!\n!", b"c2FsdA==\nfoo"])
def test_what_is_damaged_is_refused(content: bytes) -> None:
    with pytest.raises(SettingsError):
        decrypt(content, "correct horse")
