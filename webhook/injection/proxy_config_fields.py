"""The members of Istio's ProxyConfig (istio.io/api mesh/v1alpha1/proxy.proto) and their types."""

from __future__ import annotations

from typing import Any

from webhook.injection.annotation_values import expression, stat_tag
from webhook.injection.network_values import address
from webhook.injection.protobuf_json import (
    Check,
    Note,
    choice,
    duration,
    listing,
    mapping,
    message,
    parsed,
    real,
    text,
    truth,
    whole,
)

_ADDRESS = parsed(address, "host:port")
_NOT_NEGATIVE = whole(0)
_UNSIGNED = whole(0, 4294967295)
_PORT = whole(1, 65535)
_FORWARD_CLIENT_CERT = choice(
    "UNDEFINED", "SANITIZE", "FORWARD_ONLY", "APPEND_FORWARD", "SANITIZE_SET", "ALWAYS_FORWARD_ONLY"
)


def _drain(value: Any, path: str, note: Note) -> Any:
    """Check a duration of whole seconds from 1s to 1h, and yield the seconds."""
    amount = value[:-1] if isinstance(value, str) and value.endswith("s") else ""
    whole_part, _, fraction = amount.partition(".")
    ok = whole_part.isascii() and whole_part.isdigit() and len(whole_part) <= 4
    if not ok or fraction.strip("0") or not 1 <= int(whole_part) <= 3600:
        note(path, "expected whole seconds from 1s to 3600s")
        return None
    return int(whole_part)


_TLS = message(
    mode=choice("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"),
    clientCertificate=text,
    privateKey=text,
    caCertificates=text,
    credentialName=text,
    subjectAltNames=listing(text),
    sni=text,
    insecureSkipVerify=truth,
    caCrl=text,
)
_REMOTE = message(
    address=_ADDRESS,
    tlsSettings=_TLS,
    tcpKeepalive=message(probes=_UNSIGNED, time=duration, interval=duration),
)
_TRACING = message(
    one_of=(("zipkin", "lightstep", "datadog", "stackdriver", "openCensusAgent"),),
    zipkin=message(address=_ADDRESS),
    lightstep=message(address=_ADDRESS, accessToken=text),
    datadog=message(address=text),
    stackdriver=message(
        debug=truth,
        maxNumberOfAttributes=whole(),
        maxNumberOfAnnotations=whole(),
        maxNumberOfMessageEvents=whole(),
    ),
    openCensusAgent=message(
        address=text,
        context=listing(
            choice("UNSPECIFIED", "W3C_TRACE_CONTEXT", "GRPC_BIN", "CLOUD_TRACE_CONTEXT", "B3")
        ),
    ),
    customTags=mapping(
        message(
            one_of=(("literal", "environment", "header"),),
            literal=message(value=text),
            environment=message(name=text, defaultValue=text),
            header=message(name=text, defaultValue=text),
        )
    ),
    maxPathTagLength=_UNSIGNED,
    sampling=real(0, 100),
    tlsSettings=_TLS,
    enableIstioTags=truth,
)
_DISABLED = message(disabled=truth)
_ENABLED = message(enabled=truth)
_HEADERS = message(
    forwardedClientCert=_FORWARD_CLIENT_CERT,
    setCurrentClientCertDetails=message(
        subject=truth, cert=truth, chain=truth, dns=truth, uri=truth
    ),
    requestId=_DISABLED,
    server=message(disabled=truth, value=text),
    attemptCount=_DISABLED,
    envoyDebugHeaders=_DISABLED,
    metadataExchangeHeaders=message(mode=choice("UNDEFINED", "IN_MESH")),
    preserveHttp1HeaderCase=truth,
    xForwardedHost=_ENABLED,
    xForwardedPort=_ENABLED,
)
_CONNECTIONS = message(
    profile=choice("SIDECAR", "EDGE"),
    listenerPerConnectionBufferLimitBytes=_NOT_NEGATIVE,
    clusterPerConnectionBufferLimitBytes=_NOT_NEGATIVE,
    httpIdleTimeout=duration,
    httpMaxConnectionDuration=duration,
    httpDrainTimeout=duration,
    httpRequestTimeout=duration,
    httpRequestHeadersTimeout=duration,
    httpStreamIdleTimeout=duration,
    httpMaxStreamDuration=duration,
    httpMaxConcurrentStreams=_NOT_NEGATIVE,
    http2InitialStreamWindowSize=_NOT_NEGATIVE,
    http2InitialConnectionWindowSize=_NOT_NEGATIVE,
    httpHeadersWithUnderscoresAction=choice(
        "HEADERS_WITH_UNDERSCORES_UNSPECIFIED",
        "HEADERS_WITH_UNDERSCORES_ALLOW",
        "HEADERS_WITH_UNDERSCORES_REJECT_REQUEST",
        "HEADERS_WITH_UNDERSCORES_DROP_HEADER",
    ),
    httpMergeSlashes=truth,
    httpPathWithEscapedSlashesAction=choice(
        "PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED",
        "KEEP_UNCHANGED",
        "REJECT_REQUEST",
        "UNESCAPE_AND_REDIRECT",
        "UNESCAPE_AND_FORWARD",
    ),
    listenerConnectionLimit=_NOT_NEGATIVE,
    globalDownstreamConnectionLimit=_NOT_NEGATIVE,
)
_KEY_PROVIDER = message(pollDelay=duration, fallback=truth)


def _anything(value: Any, path: str, note: Note) -> Any:  # noqa: ARG001 - a Check's shape
    """Take a member that is not read here whatever it holds."""
    return value


PROXY_CONFIG: Check = message(
    one_of=(("serviceCluster", "tracingServiceName"),),
    configPath=text,
    binaryPath=text,
    serviceCluster=text,
    tracingServiceName=choice(
        "APP_LABEL_AND_NAMESPACE", "CANONICAL_NAME_ONLY", "CANONICAL_NAME_AND_NAMESPACE"
    ),
    drainDuration=_drain,
    discoveryAddress=_ADDRESS,
    discoveryRefreshDelay=duration,
    zipkinAddress=_ADDRESS,
    statsdUdpAddress=_ADDRESS,
    envoyMetricsServiceAddress=_ADDRESS,
    proxyAdminPort=_PORT,
    availabilityZone=text,
    controlPlaneAuthPolicy=choice("NONE", "MUTUAL_TLS"),
    customConfigFile=text,
    statNameLength=whole(),
    concurrency=whole(0, 1024),
    proxyBootstrapTemplatePath=text,
    interceptionMode=choice("REDIRECT", "TPROXY", "NONE"),
    tracing=_TRACING,
    sds=message(enabled=truth, k8sSaJwtPath=text),
    envoyAccessLogService=_REMOTE,
    envoyMetricsService=_REMOTE,
    proxyMetadata=mapping(text),
    runtimeValues=mapping(text),
    statusPort=_PORT,
    extraStatTags=listing(parsed(stat_tag, "letters, digits, _, . and -")),
    gatewayTopology=message(
        numTrustedProxies=_UNSIGNED,
        forwardClientCertDetails=_FORWARD_CLIENT_CERT,
        proxyProtocol=message(),
    ),
    terminationDrainDuration=_drain,
    meshId=text,
    readinessProbe=_anything,
    proxyStatsMatcher=message(
        inclusionPrefixes=listing(text),
        inclusionSuffixes=listing(text),
        inclusionRegexps=listing(parsed(expression, "an RE2 expression")),
    ),
    holdApplicationUntilProxyStarts=truth,
    caCertificatesPem=listing(_anything),
    image=message(imageType=text),
    privateKeyProvider=message(
        one_of=(("cryptomb", "qat"),), cryptomb=_KEY_PROVIDER, qat=_KEY_PROVIDER
    ),
    proxyHeaders=_HEADERS,
    fileFlushInterval=duration,
    fileFlushMinSizeKb=_UNSIGNED,
    statsCompression=truth,
    connectionSettings=_CONNECTIONS,
)
PILOT_PROXY_CONFIG: Check = message(
    tracing=_TRACING, proxyHeaders=_HEADERS, connectionSettings=_CONNECTIONS
)
"""The members that Pilot reads for a sidecar, from the node metadata PROXY_CONFIG."""
