"""Running programs: script on standard input, nothing on disk, a time limit for each and for all.

`subprocess` costs 10 ms to import; `os.posix_spawn` and a poll loop do what is needed here.
"""

from __future__ import annotations

import errno
import os
import select
import time

from initcontainer.frozen import value
from initcontainer.mistakes import CommandError, DeadlineError, LackingError

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {
    "PATH": SEARCH_PATH,
    "LC_ALL": "C",
    # iptables-legacy creates its lock in /run, which a read-only root forbids; this file exists
    # in every container and is the same one for exactly those who share the rules.
    "XTABLES_LOCKFILE": "/proc/self/ns/net",
}
TRANSIENT = (
    *(os.strerror(number) for number in (errno.EAGAIN, errno.EBUSY, errno.ENOBUFS, errno.EINTR)),
    "xtables lock",
)
"""What netlink and the lock say when a second try can succeed; anything else cannot."""
RETRY_PAUSE = 0.05
"""Seconds before the second try; doubled for each further one."""
MAXIMUM_TRIES = 5
CHUNK = 65536
SIGKILL = 9
"""`signal` would load `enum`."""


@value
class Limits:
    """Points and spans of time, in seconds; `deadline` is on the monotonic clock."""

    deadline: float
    command: float


@value
class Result:
    """How a program ended and what it wrote."""

    code: int
    output: str
    said: str


class Commands:
    """Runs the netfilter programs of the image; the only part that starts a process."""

    def __init__(self, limits: Limits, search_path: str = SEARCH_PATH) -> None:
        self.limits = limits
        self.search_path = search_path

    def find(self, program: str) -> str | None:
        """Give the path of a program, None when the image has none."""
        for directory in self.search_path.split(":"):
            path = f"{directory}/{program}"
            if os.access(path, os.X_OK):
                return path
        return None

    def run(self, *words: str, script: str = "") -> str:
        """Run a program to its end and give its output; transient errors are tried again.

        Raises:
            LackingError: when the image has no such program.
            CommandError: when it ends with an error, or is stopped at its time limit.
            DeadlineError: when the time for the whole run is up.
        """
        path = self.find(words[0])
        if path is None:
            raise LackingError(f"program {words[0]} is not in the image ({self.search_path})")
        result = self._run_once(path, words, script)
        for attempt in range(1, MAXIMUM_TRIES):
            if result.code == 0 or not any(sign in result.said for sign in TRANSIENT):
                break
            time.sleep(RETRY_PAUSE * 2 ** (attempt - 1))
            result = self._run_once(path, words, script)
        if result.code:
            raise CommandError(words[0], result.code, result.said)
        return result.output

    def _run_once(self, path: str, words: tuple[str, ...], script: str) -> Result:
        now = time.monotonic()
        until = min(self.limits.deadline, now + self.limits.command)
        if now >= self.limits.deadline:
            raise DeadlineError(f"no time left to run {words[0]}")
        child = Child(path, words)
        try:
            return child.communicate(script.encode("ascii"), until)
        except TimeoutError:
            if until == self.limits.deadline:
                raise DeadlineError(f"{words[0]} was stopped at the overall deadline") from None
            said = f"stopped after {self.limits.command:g} seconds"
            raise CommandError(words[0], -SIGKILL, said) from None
        finally:
            child.close()


class Child:
    """One process with three pipes, killed and reaped whatever happens."""

    def __init__(self, path: str, words: tuple[str, ...]) -> None:
        pipes = [os.pipe() for _ in range(3)]
        ends = (pipes[0][0], pipes[1][1], pipes[2][1])
        actions = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(ends)]
        try:
            self.pid = os.posix_spawn(path, words, ENVIRONMENT, file_actions=actions)
        finally:
            for end in ends:
                os.close(end)
        self.reaped = False
        self.stdin = pipes[0][1]
        self.streams = {pipes[1][0]: bytearray(), pipes[2][0]: bytearray()}
        self.open = {self.stdin, *self.streams}

    def communicate(self, script: bytes, until: float) -> Result:
        """Feed the script, collect both outputs, wait for the end.

        Raises:
            TimeoutError: when the monotonic clock reaches `until`.
        """
        os.set_blocking(self.stdin, False)
        poll = select.poll()
        for descriptor in self.open:
            poll.register(descriptor, select.POLLOUT if descriptor == self.stdin else select.POLLIN)
        while self.open:
            for descriptor, _ in wait(poll, until):
                if descriptor == self.stdin:
                    script = self._feed(script)
                else:
                    self._collect(descriptor)
                if descriptor not in self.open:
                    poll.unregister(descriptor)
        _, status = os.waitpid(self.pid, 0)
        self.reaped = True
        output, said = (bytes(b).decode("utf-8", "replace") for b in self.streams.values())
        return Result(code=os.waitstatus_to_exitcode(status), output=output, said=said)

    def _feed(self, script: bytes) -> bytes:
        try:
            script = script[os.write(self.stdin, script) :] if script else b""
        except BlockingIOError:
            return script
        except BrokenPipeError:
            script = b""  # it ended early; its exit code tells why
        if not script:
            self._close(self.stdin)
        return script

    def _collect(self, descriptor: int) -> None:
        chunk = os.read(descriptor, CHUNK)
        self.streams[descriptor] += chunk
        if not chunk:
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self.open.discard(descriptor)
        os.close(descriptor)

    def close(self) -> None:
        """Close what is open; kill and reap the process when it has not ended."""
        for descriptor in tuple(self.open):
            self._close(descriptor)
        if not self.reaped:
            os.kill(self.pid, SIGKILL)
            os.waitpid(self.pid, 0)


def wait(poll: select.poll, until: float) -> list[tuple[int, int]]:
    """Wait for any pipe.

    Raises:
        TimeoutError: when the time is up.
    """
    left = until - time.monotonic()
    events = poll.poll(max(0.0, left) * 1000) if left > 0 else []
    if not events:
        raise TimeoutError
    return events
