"""Pods and edits of them, generated: what the API allows to be absent, null or empty is."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from webhook.model.edits import ABSENT, Drop, Edit, Item, Put, Restore, Set, Swap

HOSTILE = (
    *("", " ", "y", "n", "Y", "N", "1e3", "1E3", "5e10", "0e0", "08", "0o17", "1e-3", "+.5e3"),
    *("on", "yes", "NO", "null", "~", "true", "=", "<<", "1:30", "2024-01-01", "0x1F", "1_000"),
    *(
        "- a",
        "a: b",
        "a #b",
        "a:",
        "#a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "{a}",
        "[a]",
    ),
    *(
        " lead",
        "trail ",
        "a\nb\n",
        "a\nb",
        "\n",
        "a\n\n",
        " a\nb",
        "a\tb",
        "\ta\nb",
        "a\r\nb",
        "a \nb\n",
    ),
    *(
        "\u0085",
        "a\u2028b",
        "\ufeffa",
        "\x07",
        "\x7f",
        "é",
        "\U0001f600",
        "'",
        '"',
        "a'b\"c\\",
        "$(A)",
    ),
    *(
        "---",
        "... ",
        "--- a",
        "-",
        "--",
        "?",
        "? a",
        ":",
        ",",
        "100m",
        "a,b",
        "#",
        "a\n---\nb\n",
        "a\n#b\n",
    ),
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
SIMPLE = st.text(alphabet="abcdn", min_size=1, max_size=4)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 99999), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
LABELS = st.one_of(st.none(), st.dictionaries(SIMPLE, TEXTS, max_size=3))
NAMES = st.sampled_from(["app", "web", "db", "istio-proxy", "cache"])


@st.composite
def containers(draw: st.DrawFn, names: st.SearchStrategy[str] = NAMES) -> list[dict[str, Any]]:
    """Draw a list of containers with distinct names."""
    return [
        draw(
            st.fixed_dictionaries(
                {"name": st.just(name)},
                optional={
                    "image": TEXTS,
                    "args": st.one_of(st.none(), st.lists(TEXTS, max_size=3)),
                    "env": st.lists(
                        st.fixed_dictionaries({"name": SIMPLE, "value": TEXTS}), max_size=2
                    ),
                    "livenessProbe": st.fixed_dictionaries(
                        {"tcpSocket": st.just({"port": 3306}), "periodSeconds": st.just(5)}
                    ),
                    "resources": st.sampled_from([{}, None, {"limits": {"cpu": "1"}}]),
                },
            )
        )
        for name in draw(st.lists(names, max_size=3, unique=True))
    ]


PODS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries(
            {"containers": containers()},
            optional={
                "initContainers": st.one_of(st.none(), containers()),
                "volumes": st.one_of(st.none(), containers()),
                "nodeSelector": LABELS,
                "restartPolicy": st.just("Always"),
            },
        )
    },
    optional={
        "metadata": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {}, optional={"labels": LABELS, "annotations": LABELS, "name": SIMPLE}
            ),
        )
    },
)


@st.composite
def edits(draw: st.DrawFn, pod: dict[str, Any]) -> list[Edit]:
    """Draw edits as an injection makes them, each made for this pod."""
    found: list[Edit] = []
    metadata = pod.get("metadata")
    if metadata is None:
        found.append(Set(("metadata",), draw(st.sampled_from([{}, {"labels": {"a": "b"}}]))))
    metadata = metadata or {}
    if draw(st.booleans()) and isinstance(metadata.get("labels"), dict):
        found.append(Set(("metadata", "labels", draw(SIMPLE)), draw(TEXTS)))
    if draw(st.booleans()):
        found.append(
            Set(("metadata", "annotations"), draw(st.dictionaries(TEXTS, TEXTS, max_size=3)))
        )
    spec = pod["spec"]
    for key in ("initContainers", "containers", "volumes"):
        found += _list_edits(draw, key, spec)
    if draw(st.booleans()):
        found.append(Set(("spec", draw(SIMPLE)), draw(VALUES)))
    if "restartPolicy" in spec and draw(st.booleans()):
        found.append(Drop(("spec", "restartPolicy")))
    return found


def _list_edits(draw: st.DrawFn, key: str, spec: dict[str, Any]) -> list[Edit]:
    path = ("spec", key)
    items = spec.get(key) or []
    found: list[Edit] = []
    new = tuple(
        {"name": f"new-{number}", **draw(st.dictionaries(SIMPLE, VALUES, max_size=3))}
        for number in range(draw(st.integers(0, 2)))
    )
    before = draw(st.sampled_from([None, *(item["name"] for item in items)]))
    if new:
        found.append(Put(path, before, new))
    for item in items:
        if item["name"] == before:
            continue
        choice = draw(st.integers(0, 5))
        if choice == 0:
            found.append(Drop((*path, Item(item["name"]))))
        elif choice == 1 and item.get("livenessProbe"):
            probe = (*path, Item(item["name"]), "livenessProbe")
            found.append(Swap((*probe, "tcpSocket"), "httpGet", draw(VALUES)))
        elif choice == 2:
            found.append(Set((*path, Item(item["name"]), draw(SIMPLE)), draw(VALUES)))
        elif choice == 3 and item.get("resources") == {}:
            found.append(
                Restore(
                    (*path, Item(item["name"]), "resources"), draw(st.sampled_from([ABSENT, None]))
                )
            )
    if draw(st.integers(0, 5)) == 0:
        found.append(Restore(path, draw(st.sampled_from([ABSENT, None]))))
    return found
