"""`pillion serve --standalone`: the whole webhook for a laptop, with nothing of a cluster."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.polling import wait_until
from tests.serving.program import REPOSITORY, Program, running_program
from tests.serving.reviews import body, patch_of
from webhook import __version__

JSON = {"content-type": "application/json"}

WITH_MODULES = """
import sys
from webhook.cli.main import main
code = main(sys.argv[1:])
print('{"message": "modules", "names": "' + " ".join(sorted(sys.modules)) + '"}', flush=True)
sys.exit(code)
"""


def test_review_over_tls_is_answered_with_a_patch(tmp_path: Path) -> None:
    """With the authority that it wrote, a client gets the sidecar; without, no connection."""
    with running_program(tmp_path) as program:
        with program.client() as client:
            answer = client.post("/inject", content=body(), headers=JSON)
            assert any(step["path"] == "/spec/initContainers" for step in patch_of(answer.content))
            assert client.get("/healthz").text == "ok\n"
            assert client.get("/readyz").text == "ready\n"
            assert client.get("/readyz?verbose").text == (
                "[+] serving ok\n[+] certificate ok\n[+] configuration ok\nready\n"
            )
            assert client.get("/version").json()["version"] == __version__
        host, port = program.addresses[0]
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.get_server_certificate((host, port), ca_certs=ssl.get_default_verify_paths().cafile)
        assert 'pillion_admissions_total{decision="inject"' in program.metrics()
        assert program.stop() == 0


def test_each_admission_has_a_token_of_its_own(tmp_path: Path) -> None:
    """Two identical pods get different random paths for drain and probes."""
    with running_program(tmp_path) as program, program.client() as client:
        answers = {client.post("/inject", content=body(), headers=JSON).content for _ in range(3)}
        assert len(answers) == 3


def test_no_part_of_a_cluster_is_loaded(tmp_path: Path) -> None:
    """Without a cluster the Kubernetes client, which triples start-up and memory, stays out."""
    with running_program(tmp_path, code=WITH_MODULES) as program:
        with program.client() as client:
            client.post("/inject", content=body(), headers=JSON)
        assert program.stop() == 0
        (line,) = program.lines("modules")
    loaded = {name.partition(".")[0] for name in line["names"].split()}
    assert "uvloop" in loaded
    assert not loaded & {"kubernetes", "aiohttp", "requests", "urllib3", "jsonpatch"}
    assert "webhook.cluster" not in line["names"].split()


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["--listen", "nowhere"], 2, 'got "nowhere", expected HOST:PORT'),
        (["--listen", "192.0.2.1:443"], 1, "pillion: listen on 192.0.2.1 port 443: Cannot assign"),
        (["--config", "/nowhere/pillion.yaml"], 1, "pillion: /nowhere/pillion.yaml: no such file"),
        (["--ca-out", "/nowhere/ca.crt"], 1, "pillion: /nowhere/ca.crt: no such file"),
        (["--leaf-seconds", "0"], 2, 'got "0", expected a whole number from 1 on'),
    ],
    ids=["address", "foreign-address", "config", "ca-out", "life"],
)
def test_what_cannot_work_is_said_in_a_sentence(
    arguments: list[str], status: int, complaint: str
) -> None:
    """A start that cannot succeed ends at once, without a traceback."""
    ran = subprocess.run(
        [sys.executable, "-m", "webhook", "serve", "--standalone", "--listen", "127.0.0.1:0",
         *arguments],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == status
    assert complaint in ran.stderr
    assert "Traceback" not in ran.stderr


def test_leaf_is_renewed_while_it_serves(tmp_path: Path) -> None:
    """With a life of nine seconds new connections soon see another certificate, still trusted."""
    with running_program(tmp_path, "--leaf-seconds", "9") as program:

        def served() -> bytes:
            context = program.trust()
            with socket_of(program, context) as connection:
                return connection.getpeercert(binary_form=True) or b""

        first = served()
        with program.client() as client:
            client.get("/healthz")
            wait_until(lambda: served() != first, "another certificate")
            assert client.get("/healthz").status_code == 200
        assert 'pillion_certificate_rotations_total{kind="leaf"}' in program.metrics()


def socket_of(program: Program, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a TLS connection to the program."""
    raw = socket.create_connection(program.addresses[0], timeout=10)
    return context.wrap_socket(raw, server_hostname="localhost")


def test_interrupt_stops_it_at_once(tmp_path: Path) -> None:
    """Ctrl-C on a laptop waits for nobody."""
    with running_program(tmp_path) as program:
        assert program.stop(signal.SIGINT, seconds=10) == 0
