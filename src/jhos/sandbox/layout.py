"""Where a sandbox cluster keeps what it has: one state directory, one shared package cache."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The paths of one sandbox. All state lies below `root`; only `cache` is shared."""

    root: Path
    cache: Path

    @property
    def store(self) -> Path:
        """SQLite file with every API object."""
        return self.root / "store.sqlite"

    @property
    def kubeconfig(self) -> Path:
        """Of the ordinary user `developer`."""
        return self.root / "kubeconfig"

    @property
    def admin_kubeconfig(self) -> Path:
        return self.root / "admin.kubeconfig"

    @property
    def password(self) -> Path:
        """Of the user `developer` and of any other, for `jhos login` and for logins to a hub."""
        return self.pki / "password"

    @property
    def sessions(self) -> Path:
        """Tokens that were given for it, by their digests."""
        return self.pki / "sessions.json"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def builds(self) -> Path:
        """`builds/NAMESPACE/NAME/{source.tar.gz,log}`."""
        return self.root / "builds"

    @property
    def pods(self) -> Path:
        """`pods/UID/{CONTAINER/RESTARTS.log,volumes/…}`."""
        return self.root / "pods"

    @property
    def volumes(self) -> Path:
        """`volumes/PERSISTENT_VOLUME_NAME/`."""
        return self.root / "volumes"

    @property
    def log(self) -> Path:
        return self.root / "sandbox.log"

    @property
    def lock(self) -> Path:
        """Locked by the running daemon; holds its pid."""
        return self.root / "daemon.lock"

    @property
    def status(self) -> Path:
        """JSON that the daemon writes once it serves: addresses and pids."""
        return self.root / "status.json"

    @property
    def usage(self) -> Path:
        """JSON that the node writes: what containers use of cpu and memory."""
        return self.root / "usage.json"

    @property
    def sockets(self) -> Path:
        """A short path, since a unix socket's may have 107 bytes at most."""
        if len(str(self.root)) <= 80:
            return self.root / "run"
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"jhos-{os.getuid()}-{digest}"

    @property
    def api_socket(self) -> Path:
        """Plain HTTP as `system:admin`, mode 0600: for the controllers, the router and the node."""
        return self.sockets / "api.sock"

    @property
    def api_tls_socket(self) -> Path:
        """TLS, tokens required: the node leads 172.30.0.1:443 of the pods here."""
        return self.sockets / "api-tls.sock"

    @property
    def exec_socket(self) -> Path:
        """Commands in the containers of the node, by websockets: for the API server."""
        return self.sockets / "exec.sock"

    @property
    def ingress_socket(self) -> Path:
        """Into the pod network: the line `IP:PORT`, then bytes both ways."""
        return self.sockets / "ingress.sock"


def layout(root: Path | None = None) -> Layout:
    """The layout at `root`, else at `JHOS_SANDBOX_DIR`, else in the user's state directory."""
    if root is None:
        chosen = os.environ.get("JHOS_SANDBOX_DIR")
        root = Path(chosen) if chosen else _xdg("XDG_STATE_HOME", ".local/state") / "jhos/sandbox"
    return Layout(root.absolute(), _xdg("XDG_CACHE_HOME", ".cache") / "jhos/sandbox")


def _xdg(variable: str, fallback: str) -> Path:
    chosen = os.environ.get(variable)
    return Path(chosen) if chosen else Path.home() / fallback
