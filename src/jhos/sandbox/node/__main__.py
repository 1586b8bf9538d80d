"""The node agent: `python -m jhos.sandbox.node --state DIR`, process 1 of namespaces of its own.

Started by `unshare --user --map-root-user --net --mount --pid --fork --mount-proc`.
"""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from jhos.sandbox.client import ApiClient
from jhos.sandbox.controllers.informers import Informers
from jhos.sandbox.controllers.recorder import Recorder
from jhos.sandbox.images import ImageStore
from jhos.sandbox.layout import Layout, layout
from jhos.sandbox.node.dns import serve_dns
from jhos.sandbox.node.execs import serve_execs
from jhos.sandbox.node.ingress import serve_api, serve_ingress
from jhos.sandbox.node.kubelet import Kubelet
from jhos.sandbox.node.network import DNS_ADDRESS, NODE_ADDRESS, PodNetwork
from jhos.sandbox.node.overlay import mount_tmpfs
from jhos.sandbox.node.registration import beat, register
from jhos.sandbox.node.services import ServiceProxy
from jhos.sandbox.node.usage import Meter
from jhos.sandbox.node.worker import Node


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state directory of the sandbox")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s node %(levelname)s %(message)s", level=logging.INFO)
    # an ignored signal would stay ignored in every container
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    asyncio.run(serve(layout(arguments.state)))


async def serve(paths: Layout) -> None:
    """Without end. The files below `node` are in memory and seen by this node only."""
    in_memory = paths.root / "node"
    mount_tmpfs(in_memory, "mode=0700")
    network = PodNetwork(in_memory / "networks")
    await network.set_up()
    async with ApiClient(paths.api_socket, "jhos-node") as client:
        informers = Informers(client)
        node = Node(
            client=client,
            layout=paths,
            images=ImageStore(paths),
            network=network,
            recorder=Recorder(client),
            in_memory=in_memory,
        )
        await serve_ingress(paths.ingress_socket)
        await serve_api(paths.api_tls_socket)
        await serve_dns(informers, DNS_ADDRESS, NODE_ADDRESS)
        proxy, kubelet = ServiceProxy(informers), Kubelet(node, informers)
        await serve_execs(paths.exec_socket, kubelet.container)
        await informers.synced()
        await register(client)
        meter = Meter(paths.usage, kubelet.running)
        await asyncio.gather(proxy.run(), kubelet.run(), beat(client), meter.run())


if __name__ == "__main__":
    main()
