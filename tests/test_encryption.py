import pytest

from jhos.encryption import decrypt, encrypt
from jhos.errors import SettingsError

SECRETS = {"cookie-secret": "czNjcjN0", "auth-client-secret": "aHVzaA=="}


def test_a_passphrase_gives_the_secrets_back() -> None:
    assert decrypt(encrypt(SECRETS, "correct horse"), "correct horse") == SECRETS


def test_another_passphrase_is_refused() -> None:
    with pytest.raises(SettingsError, match="passphrase is not the one"):
        decrypt(encrypt(SECRETS, "correct horse"), "battery staple")


def test_nothing_of_the_secrets_is_legible() -> None:
    content = encrypt(SECRETS, "correct horse")
    assert not any(word.encode() in content for pair in SECRETS.items() for word in pair)


def test_the_same_secrets_look_different_each_time() -> None:
    assert encrypt(SECRETS, "correct horse") != encrypt(SECRETS, "correct horse")


@pytest.mark.parametrize("content", [b"", b"salt", b"!\n!", b"c2FsdA==\nfoo"])
def test_what_is_damaged_is_refused(content: bytes) -> None:
    with pytest.raises(SettingsError):
        decrypt(content, "correct horse")
