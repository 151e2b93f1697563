"""The certificate is replaced under load without a failed handshake, and a bad one is not taken."""

from __future__ import annotations

import socket
import ssl
import threading

import httpx
import pytest

from tests.serving.local_server import LocalServer, local_server, new_authority, new_leaf
from tests.serving.reviews import body
from webhook.serving.tls import CertificateError

JSON = {"content-type": "application/json"}
ROTATIONS = 250


def peer_certificate(server: LocalServer, name: str | None = "localhost") -> bytes:
    """Return the certificate that a new connection is shown."""
    context = server.trust()
    context.check_hostname = name is not None
    raw = socket.create_connection(server.address, timeout=10)
    with context.wrap_socket(raw, server_hostname=name) as connection:
        return connection.getpeercert(binary_form=True) or b""


class Load:
    """Clients that count what fails while certificates are replaced."""

    def __init__(self, server: LocalServer) -> None:
        self.failures: list[str] = []
        self.handshakes = self.requests = 0
        self._server = server
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._until_stopped, args=(work,))
            for work in (self._shake_hands, self._keep_asking)
        ]

    def __enter__(self) -> Load:
        """Start."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _until_stopped(self, work: threading.Thread) -> None:
        try:
            work()  # type: ignore[operator]
        except (OSError, httpx.HTTPError) as error:
            self.failures.append(repr(error))

    def _shake_hands(self) -> None:
        while not self._stop.is_set():
            peer_certificate(self._server, None if self.handshakes % 2 else "localhost")
            self.handshakes += 1

    def _keep_asking(self) -> None:
        with self._server.client() as client:
            while not self._stop.is_set():
                answer = client.post("/inject", content=body(), headers=JSON)
                assert answer.status_code == 200
                self.requests += 1


def test_rotations_under_load_fail_nobody() -> None:
    """New connections, with and without server name, and kept ones never fail; none sees stale."""
    with local_server() as server:
        with Load(server) as load:
            for _ in range(ROTATIONS):
                leaf = new_leaf(server.authority)
                server.tls.swap(leaf.chain, leaf.key)
                if _ % 10 == 0:
                    expected = ssl.PEM_cert_to_DER_cert(leaf.chain)
                    assert peer_certificate(server) == expected
        assert load.failures == []
        assert load.handshakes > 20
        assert load.requests > 20
        assert server.listener.server_state.total_requests == load.requests
    print(
        f"{ROTATIONS} rotations: {load.handshakes} handshakes, {load.requests} requests, 0 failed"
    )


@pytest.mark.parametrize("damage", ["mismatch", "truncated", "no-key", "empty", "no-pem"])
def test_bad_pair_is_refused_and_the_good_one_stays(server: LocalServer, damage: str) -> None:
    """Nothing that cannot be served gets near the live context."""
    before = peer_certificate(server)
    leaf, other = new_leaf(server.authority), new_leaf(server.authority)
    chain, key = {
        "mismatch": (leaf.chain, other.key),
        "truncated": (leaf.chain[:200], leaf.key),
        "no-key": (leaf.chain, ""),
        "empty": ("", ""),
        "no-pem": ("rubbish", "rubbish"),
    }[damage]
    with pytest.raises(CertificateError) as refused:
        server.tls.swap(chain, key)
    assert "PRIVATE KEY" not in str(refused.value)
    assert peer_certificate(server) == before


def test_another_authority_is_not_trusted(server: LocalServer) -> None:
    """A client that trusts another authority refuses the connection."""
    raw = socket.create_connection(server.address, timeout=10)
    with pytest.raises(ssl.SSLCertVerificationError), raw:
        server.trust(new_authority()).wrap_socket(raw, server_hostname="localhost")


@pytest.mark.parametrize(
    ("version", "is_spoken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_only_tls_12_and_13_are_spoken(
    server: LocalServer, version: ssl.TLSVersion, is_spoken: bool
) -> None:
    """Older versions are refused in the handshake, also when the client would accept anything."""
    context = server.trust()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    raw = socket.create_connection(server.address, timeout=10)
    try:
        with context.wrap_socket(raw, server_hostname="localhost") as connection:
            assert is_spoken
            assert connection.version() == version.name.replace("_", ".")
            assert connection.selected_alpn_protocol() is None
    except ssl.SSLError:
        assert not is_spoken
    finally:
        raw.close()


def test_certificates_satisfy_the_strictest_client(server: LocalServer) -> None:
    """A client that holds certificates to every rule of RFC 5280, as Python 3.13's, connects."""
    context = server.trust()
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    raw = socket.create_connection(server.address, timeout=10)
    with context.wrap_socket(raw, server_hostname="localhost") as connection:
        assert connection.version() == "TLSv1.3"


def test_http_2_is_not_offered(server: LocalServer) -> None:
    """A client that would like HTTP/2, as Go's does, is told HTTP/1.1."""
    context = server.trust()
    context.set_alpn_protocols(["h2", "http/1.1"])
    raw = socket.create_connection(server.address, timeout=10)
    with context.wrap_socket(raw, server_hostname="localhost") as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
