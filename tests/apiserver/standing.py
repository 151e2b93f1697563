"""A control plane that stays up between commands, for work by hand: `scripts/apiserver`."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from tests.apiserver.bring_up import built_programs, running_control_plane
from tests.apiserver.control_plane import client_environment
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.network_namespace import set_thread_namespace
from tests.apiserver.polling import NotInTimeError, wait_until
from tests.tools.builds import cache_directory

_UP_SECONDS = 150
_DOWN_SECONDS = 30


class StandingError(Exception):
    """The standing control plane is not in the state that a command needs."""


class StandingControlPlane:
    """The one standing control plane of a version on this machine.

    A supervisor process holds a file lock as long as it runs, so its state is never in doubt. The
    folder is emptied when it comes up, so that logs can still be read after it went down.
    """

    def __init__(self, version: KubernetesVersion) -> None:
        self.version = version
        self.directory = cache_directory().parent / f"apiserver-{version}"
        self.kubeconfig = self.directory / "administrator.kubeconfig"
        self._lock_file = self.directory.with_suffix(f"{self.directory.suffix}.lock")
        self._state_file = self.directory / "state.json"

    @property
    def is_up(self) -> bool:
        """Tell whether a supervisor runs and has said that its control plane is ready."""
        return self._supervisor() is not None and self._state_file.exists()

    @property
    def namespace_path(self) -> str:
        """Return the file that stands for its network namespace; StandingError when it is down."""
        if not self.is_up:
            raise StandingError(f"no control plane {self.version} is up, expected `up` first")
        state: dict[str, int] = json.loads(self._state_file.read_text())
        return f"/proc/{state['holder']}/ns/net"

    def up(self) -> None:
        """Start the supervisor, and return once its control plane is ready."""
        if self.is_up:
            return
        built_programs(self.version)  # here, where a long build can be watched
        command = [sys.executable, "-m", "tests.apiserver", "--kubernetes", self.version]
        log_path = self.directory.with_suffix(f"{self.directory.suffix}.log")
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("w") as log:
            supervisor = subprocess.Popen(
                [*command, "supervise"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until(
                lambda: self.is_up or supervisor.poll() is not None,
                seconds=_UP_SECONDS,
                what=f"control plane {self.version} up",
            )
        except BaseException:
            supervisor.terminate()
            raise
        if not self.is_up:
            raise StandingError(f"control plane {self.version}: {log_path.read_text().strip()}")

    def down(self) -> None:
        """Stop the supervisor with all that it started; nothing to do when there is none."""
        supervisor = self._supervisor()
        if supervisor is None:
            return
        os.kill(supervisor, signal.SIGTERM)
        try:
            wait_until(lambda: self._supervisor() is None, seconds=_DOWN_SECONDS, what="down")
        except NotInTimeError as error:
            raise StandingError(f"supervisor {supervisor} does not stop") from error

    def supervise(self) -> None:
        """Run the control plane in this process until SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, _interrupt)
        with self._locked(), suppress(KeyboardInterrupt):
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory.mkdir(parents=True)
            try:
                with running_control_plane(self.version, self.directory) as plane:
                    fresh = self._state_file.with_suffix(".new")
                    fresh.write_text(json.dumps({"holder": plane.network.holder}))
                    fresh.replace(self._state_file)
                    while True:
                        signal.pause()
            finally:
                self._state_file.unlink(missing_ok=True)

    def execute(self, command: list[str]) -> None:
        """Become that program, inside the namespace and as the administrator."""
        set_thread_namespace(os.open(self.namespace_path, os.O_RDONLY))
        forced = {"KUBECONFIG": str(self.kubeconfig), "NO_PROXY": "*", "no_proxy": "*"}
        environment = client_environment(self.kubeconfig) | dict(os.environ) | forced
        try:
            os.execvpe(command[0], command, environment)
        except FileNotFoundError as error:
            raise StandingError(f'program "{command[0]}" not found') from error

    def _supervisor(self) -> int | None:
        """Return the process id in the lock file while its writer holds the lock."""
        if not self._lock_file.exists():
            return None
        with self._lock_file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or "0") or None
        return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StandingError(f"control plane {self.version} is already up") from error
            _write_own_pid(lock)
            yield


def _write_own_pid(lock: TextIO) -> None:
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
