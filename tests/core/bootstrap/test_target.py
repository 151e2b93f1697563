"""The request target of a probe is what kubelet, by Go's net/url, would send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.bootstrap.target import request_target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        # Recorded from Go 1.26: what http.NewRequest and Request.Write make of kubelet's URL. None:
        # Go reads a scheme, a host or an opaque part in it, or sends what only looks like a path.
        ("/", "/"),
        ("", "/"),
        ("/healthz", "/healthz"),
        ("healthz", "/healthz"),
        ("/a b", "/a%20b"),
        ("/a%20b", "/a%20b"),
        ("/a%2fb", "/a%2fb"),
        ("/a%zz", "/a%25zz"),
        ("/\u00fc", "/%C3%BC"),
        ("/a?x=1&y=%41", "/a?x=1&y=%41"),
        ("/a?", "/a?"),
        ("?x=1", "/?x=1"),
        ("/a#frag", "/a"),
        ("/a#%zz", "/a%23%25zz"),
        ("/a?x#y", "/a?x"),
        ("/a?x=\u00fc", "/a?x=\u00fc"),
        ("/a?a b", "/a?a b"),
        ("/%", "/%25"),
        ("/a/../b", "/a/../b"),
        ("/a//b", "/a//b"),
        ("//host/x", None),
        ("http://h/x", None),
        ("mailto:x", None),
        ("a:b", None),
        ("a/b:c", "/a/b:c"),
        ("/a:b", "/a:b"),
        ("/a*b", "/a*b"),
        ("*", "/*"),
        ("/*", "/*"),
        ("/(x)'!", "/(x)'!"),
        ("/[x]", "/[x]"),
        ('/a"b', "/a%22b"),
        ("/<x>", "/%3Cx%3E"),
        ("/a|b", "/a%7Cb"),
        ("/a^b", "/a%5Eb"),
        ("/a`b", "/a%60b"),
        ("/{x}", "/%7Bx%7D"),
        ("/a\\b", "/a%5Cb"),
        ("/a\nb", "/a%0Ab"),
        ("/a\u0000b", "/a%00b"),
        ("/a\u007fb", "/a%7Fb"),
        ("/~u", "/~u"),
        ("/a;b,c=d", "/a;b,c=d"),
        ("/@me", "/@me"),
        ("/$x", "/$x"),
        ("/a+b", "/a+b"),
        ("/%7Eu", "/%7Eu"),
        ("/%41", "/%41"),
        ("/%ff", "/%ff"),
        ("/😀", "/%F0%9F%98%80"),
        ("/a?%zz", "/a?%zz"),
        ("/a%3Fb", "/a%3Fb"),
        ("/.", "/."),
        ("..", "/.."),
        ("./a", "/./a"),
        ("/a%", "/a%25"),
        ("/a%2", "/a%252"),
        ("#x", "/"),
        ("/a?b?c", "/a?b?c"),
        ("/a??", "/a??"),
        (":x", None),
        ("1:x", None),
        ("/a b?c d", "/a%20b?c d"),
        ("/a b%2Fc", "/a%20b/c"),
        ("/\u00e9%C3%A9", "/%C3%A9%C3%A9"),
        ("?", "/?"),
        ("/\u2028", "/%E2%80%A8"),
        ("a b", "/a%20b"),
        ("/\u00fc?x#", "/%C3%BC?x"),
        ("/a\tb?c", "/a%09b%3Fc"),
        ("/a?b\tc", "/a%3Fb%09c"),
        ("///x", None),
        ("/%2F/a b", "///a%20b"),
        ("/a%20 b", "/a%20%20b"),
        ("x?y:z", "/x?y:z"),
        ("x#:z", "/x"),
        ("\u00fc:x", None),
        ("a%3Ab", "/a%3Ab"),
        ("[x", "/[x"),
        ("/[", "/["),
        ("//", None),
        ("///", None),
    ],
)
def test_target_is_what_go_sends(path: str, target: str | None) -> None:
    """Every form of path that an application may declare."""
    assert request_target(path) == target


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_target_begins_with_a_slash_and_ends_no_line(path: str) -> None:
    """Whatever a pod declares, what Envoy sends is one request for one path."""
    target = request_target(path)
    if target is not None:
        assert target.startswith("/")
        assert not any(ord(char) < 32 or ord(char) == 127 for char in target)


def test_half_of_a_surrogate_pair_is_an_error() -> None:
    """It cannot be sent; the caller leaves such a probe alone."""
    with pytest.raises(UnicodeEncodeError):
        request_target("/\ud800")
