"""An LDAP directory of the entries in people.ldif, by TLS with the key and certificate in FILE."""

import sys
from typing import Any

from ldaptor.inmemory import fromLDIFFile
from ldaptor.interfaces import IConnectedLDAPEntry
from ldaptor.protocols.ldap.ldapserver import LDAPServer
from twisted.internet import reactor, ssl
from twisted.internet.protocol import ServerFactory
from twisted.python.components import registerAdapter


def serve(root: Any) -> None:
    registerAdapter(lambda _: root, ServerFactory, IConnectedLDAPEntry)
    with open(sys.argv[1]) as file:
        identity = ssl.PrivateCertificate.loadPEM(file.read())
    reactor.listenSSL(1636, ServerFactory.forProtocol(LDAPServer), identity.options())


with open("people.ldif", "rb") as entries:
    fromLDIFFile(entries).addCallback(serve)
reactor.run()
