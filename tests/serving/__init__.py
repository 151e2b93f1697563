"""The webhook's HTTP side over real TLS on loopback; no root, no cluster."""
