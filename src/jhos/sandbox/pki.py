"""The sandbox's own certificate authority, the API's certificate and the users' tokens."""

import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from jhos.sandbox.errors import SandboxError

NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
         "kubernetes.default.svc.cluster.local")  # fmt: skip
ADDRESSES = ("127.0.0.1", "172.30.0.1")
DAYS = "3650"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
# Python 3.13 checks chains strictly: key identifiers and key usages have to be there.
CONFIG = f"""\
[req]
distinguished_name = name
prompt = no
[name]
CN = jhos sandbox
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {",".join([f"DNS:{n}" for n in NAMES] + [f"IP:{a}" for a in ADDRESSES])}
"""


@dataclass(frozen=True)
class Pki:
    """The files of one sandbox, made once and kept until it is reset."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.crt"

    @property
    def certificate(self) -> Path:
        return self.directory / "server.crt"

    @property
    def key(self) -> Path:
        return self.directory / "server.key"

    def ca_pem(self) -> str:
        return self.ca.read_text()

    def ensure(self) -> None:
        """Make what is missing."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.certificate.exists():
            (self.directory / "openssl.cnf").write_text(CONFIG)
            self._make_authority()
            self._make_certificate()

    def tokens(self) -> dict[str, str]:
        """One each for the users `developer` and `admin`."""
        users = ("developer", "admin")
        made = json.dumps({user: f"sha256~{secrets.token_urlsafe(32)}" for user in users})
        tokens: dict[str, str] = json.loads(self._kept("tokens.json", made))
        return tokens

    def password(self) -> str:
        """Of the user `developer`."""
        return self._kept("password", secrets.token_urlsafe(12))

    def signing_key(self) -> bytes:
        """Of the service accounts' tokens."""
        return bytes.fromhex(self._kept("signing-key", secrets.token_hex(32)))

    def _kept(self, name: str, content: str) -> str:
        """What the file holds, which is `content` if there is none yet."""
        path = self.directory / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(content)
        return path.read_text()

    def _make_authority(self) -> None:
        self._openssl("req", "-x509", *NEW_KEY, "-extensions", "ca", "-days", DAYS,
                      "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip

    def _make_certificate(self) -> None:
        """Under its own name last: half a run counts as none."""
        self._openssl("req", *NEW_KEY, "-keyout", "server.key", "-out", "server.csr")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                      "-set_serial", f"0x{secrets.token_hex(8)}", "-days", DAYS, "-extfile",
                      "openssl.cnf", "-extensions", "server", "-out", "new.crt")  # fmt: skip
        (self.directory / "new.crt").rename(self.certificate)

    def _openssl(self, command: str, *arguments: str) -> None:
        config = os.environ | {"OPENSSL_CONF": str(self.directory / "openssl.cnf")}
        try:
            subprocess.run(
                ["openssl", command, *arguments],
                cwd=self.directory, env=config, check=True, capture_output=True, text=True,
            )  # fmt: skip
        except FileNotFoundError as error:
            hint = "install the package openssl; `jhos sandbox doctor` lists all that is needed"
            raise SandboxError("the program openssl is missing", hint) from error
        except subprocess.CalledProcessError as error:
            raise SandboxError(f"openssl {command} failed: {error.stderr.strip()}") from error
