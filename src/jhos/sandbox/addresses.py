"""Cluster addresses and node ports of Services."""

import ipaddress
from typing import Any

from jhos.sandbox import failure
from jhos.sandbox.call import Call

Object = dict[str, Any]

NETWORK = ipaddress.ip_network("172.30.0.0/16")
API_ADDRESS = "172.30.0.1"
DNS_ADDRESS = "172.30.0.10"
FIRST_FREE = 256  # 172.30.1.0: the addresses below are for those that ask
FIRST_NODE_PORT = 30000


def allocate(call: Call, service: Object) -> None:
    """Give a new Service its address; raises Failure where the one it asks for is taken."""
    spec = service["spec"]
    if spec["type"] == "ExternalName":
        return
    if spec.get("clusterIP") != "None":
        spec["clusterIP"] = _address(call, service, spec.get("clusterIP", ""))
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _node_ports(call, spec)


def _address(call: Call, service: Object, wanted: str) -> str:
    taken = {s["spec"].get("clusterIP") for s in call.store.objects("services")}
    taken |= {API_ADDRESS, DNS_ADDRESS} - {wanted}
    if wanted in taken:
        why = f"failed to allocate IP {wanted}: provided IP is already allocated"
        cause = failure.bad_value("spec.clusterIPs", [wanted], why)
        raise failure.invalid("", "Service", service["metadata"]["name"], [cause])
    if wanted:
        return wanted
    free = (str(NETWORK[i]) for i in range(FIRST_FREE, NETWORK.num_addresses - 1))
    return next(address for address in free if address not in taken)


def _node_ports(call: Call, spec: Object) -> None:
    services = call.store.objects("services")
    taken = {p.get("nodePort") for s in services for p in s["spec"].get("ports", ())}
    for port in spec.get("ports", ()):
        if not port.get("nodePort"):
            free = range(FIRST_NODE_PORT, 32768)
            port["nodePort"] = next(number for number in free if number not in taken)
        taken.add(port["nodePort"])
