"""The files of one container: its root directory, its scratch space, what it finds in /etc."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jhos.sandbox.node.network import DNS_ADDRESS
from jhos.sandbox.node.overlay import mount_layers, remove_tree, unmount
from jhos.sandbox.node.rootfs import Mount, identity


@dataclass(frozen=True, kw_only=True)
class Names:
    """Who the container is, for the files of /etc."""

    uid: int
    home: str
    hostname: str
    namespace: str
    address: str
    aliases: Sequence[tuple[str, str]] = ()  # address and names


class ContainerFiles:
    """`on_disk` goes with the container, `in_memory` is the node's own."""

    def __init__(self, on_disk: Path, in_memory: Path) -> None:
        self.on_disk, self.in_memory = on_disk, in_memory
        self.root = in_memory / "root"
        self.termination_log = in_memory / "termination-log"

    def set_up(self, layers: Sequence[Path], names: Names) -> None:
        self.clear()
        etc = self.in_memory / "etc"
        etc.mkdir(parents=True)
        self.termination_log.touch(mode=0o666)
        for name, text in etc_files(names).items():
            (etc / name).write_text(text)
        mount_layers(layers, self.on_disk, self.root)

    def mounts(self, own_directories: Sequence[str], termination_path: str) -> list[Mount]:
        """`own_directories`: the paths for which the image wants a writable directory."""
        scratch = ["/tmp", "/var/tmp", *own_directories]
        return [
            *(self._scratch(number, target) for number, target in enumerate(scratch)),
            *(
                Mount(source=str(path), target=f"/etc/{path.name}", read_only=True)
                for path in sorted((self.in_memory / "etc").iterdir())
            ),
            Mount(source=str(self.termination_log), target=termination_path),
        ]

    def clear(self) -> None:
        unmount(self.root)
        unmount(self.on_disk)  # of an upper layer in memory
        remove_tree(self.in_memory)
        remove_tree(self.on_disk)

    def _scratch(self, number: int, target: str) -> Mount:
        path = self.on_disk / "scratch" / str(number)
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o1777)
        return Mount(source=str(path), target=target)


def etc_files(names: Names) -> dict[str, str]:
    search = f"{names.namespace}.svc.cluster.local svc.cluster.local cluster.local"
    aliases = "".join(f"{address}\t{hosts}\n" for address, hosts in names.aliases)
    return {
        **identity(names.uid, names.home),
        "hostname": f"{names.hostname}\n",
        "hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        f"{names.address}\t{names.hostname}\n{aliases}",
        "resolv.conf": f"search {search}\nnameserver {DNS_ADDRESS}\noptions ndots:5\n",
    }
