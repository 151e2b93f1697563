"""A second injector: adds a container with a probe to every pod that has it not yet.

Run as `python -m tests.apiserver.adding_webhook ADDRESS PORT CERTIFICATE KEY`.
"""

import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = "added"
CONTAINER = {
    "name": NAME,
    "image": "busybox:1.37",
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8081}},
}


class AddingWebhook(BaseHTTPRequestHandler):
    """Answers every AdmissionReview v1."""

    def do_POST(self) -> None:
        """Answer one review."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        containers = request["object"]["spec"]["containers"]
        response = {"uid": request["uid"], "allowed": True}
        if NAME not in [each["name"] for each in containers]:
            patch = [{"op": "add", "path": "/spec/containers/-", "value": CONTAINER}]
            encoded = base64.b64encode(json.dumps(patch).encode()).decode()
            response |= {"patchType": "JSONPatch", "patch": encoded}
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
    server = ThreadingHTTPServer((address, int(port)), AddingWebhook)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
