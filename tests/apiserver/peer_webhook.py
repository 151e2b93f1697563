"""The webhook of these tests: labels what it is shown, and says where it listens.

Run as `python -m tests.apiserver.peer_webhook ADDRESS PORT CERTIFICATE KEY`.
"""

import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LABEL = "peer.test/called-at"


class PeerWebhook(BaseHTTPRequestHandler):
    """Answers every AdmissionReview v1 with a label, a warning and an audit annotation."""

    def do_POST(self) -> None:
        """Answer one review."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        address = str(self.connection.getsockname()[0])
        patch = [{"op": "add", "path": "/metadata/labels", "value": {LABEL: address}}]
        response = {
            "uid": request["uid"],
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
            "warnings": [f"called at {address}"],
            "auditAnnotations": {"address": address},
        }
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
        body = json.dumps(review | {"response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(address: str, port: str, certificate: str, key: str) -> None:
    """Serve until killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer((address, int(port)), PeerWebhook)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
