"""Who the embedded PostgreSQL runs as: it refuses to be root, and it wants a user that the system knows by name."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from functools import cache
from pathlib import Path

from config.embedded.server import EmbeddedError

_NOBODY = "65534"
# In a user namespace of its own it is "nobody" to itself and still us to the file system.
_NAMESPACE = ("unshare", "-U", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")


@cache
def disguise(postgres: Path) -> tuple[str, ...]:
    """The words to put before a command so that PostgreSQL agrees to run; () for an ordinary user."""
    if os.geteuid() != 0 and _known(os.geteuid()):
        return ()
    for words in (_NAMESPACE, _step_down()):
        if words and _works([*words, str(postgres), "--version"]):
            return words
    raise EmbeddedError(
        f"The embedded PostgreSQL cannot run as {'root' if os.geteuid() == 0 else 'a user without a name'}, and "
        "neither unshare nor setpriv could give it another identity here: "
        "run Cartback as an ordinary user, or set DATABASE_URL."
    )


def hand_over(directory: Path, words: tuple[str, ...]) -> None:
    """Give the directory to the user that a disguised command is: another after stepping down, us in a namespace."""
    if os.geteuid() != 0:
        return
    owner = int(_NOBODY) if words and words[0] == "setpriv" else 0
    if directory.stat().st_uid != owner:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)


def _step_down() -> tuple[str, ...]:
    """Another user, but with root's right to walk through closed directories: the checkout may lie in a 0700 home."""
    if os.geteuid() != 0 or not _known(int(_NOBODY)) or not shutil.which("setpriv"):
        return ()
    return (
        "setpriv",
        f"--reuid={_NOBODY}",
        f"--regid={_NOBODY}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )


def _known(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def _works(command: list[str]) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
