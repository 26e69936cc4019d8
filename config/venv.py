"""Make .venv and put the requirements into it. `make` runs this with the system's own Python, before anything is there.

So this file alone must be readable by an old Python and import nothing of ours.
"""

import fcntl
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "cartback-installed")


def main(requirements: str) -> None:
    path = os.path.join(ROOT, requirements)
    with open(path) as wanted:
        fcntl.flock(wanted, fcntl.LOCK_EX)  # two makes at once: the second one waits, then finds all done
        lines = set(wanted.read().splitlines())
        if not healthy():
            make_venv()
        if not lines <= installed():
            install(path, lines)


def healthy() -> bool:
    """Whether .venv has a Python new enough that starts: it does not once its own Python was removed."""
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return os.path.exists(PYTHON) and subprocess.call([PYTHON, "-I", "-c", code]) == 0


def make_venv() -> None:
    if sys.version_info < (3, 11):
        found = ".".join(str(part) for part in sys.version_info[:3])
        stop("Cartback needs Python 3.11 or newer, this is %s: install one and run make PYTHON=python3.12 run" % found)
    try:
        import ensurepip  # noqa: F401  (Debian packs it apart from Python, and venv is of no use without it)
        import venv  # noqa: F401
    except ImportError:
        stop("This Python has no venv module: install it (Debian and Ubuntu: apt install python3-venv) and try again.")
    say("Making .venv with Python %d.%d" % sys.version_info[:2])
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        stop("python3 -m venv could not make .venv: the lines above say why.")


def installed() -> set:
    """The lines of the requirement files put in so far."""
    try:
        with open(STAMP) as stamp:
            return set(stamp.read().splitlines())
    except OSError:
        return set()


def install(path: str, lines: set) -> None:
    if subprocess.call([PYTHON, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        subprocess.check_call([PYTHON, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    say("Installing %d packages of %s" % (len(lines), os.path.basename(path)))
    command = [PYTHON, "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check", "-r", path]
    last_words = follow(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    if last_words:
        stop("pip could not install the packages. Its last words:\n" + last_words)
    with open(STAMP + ".new", "w") as stamp:
        stamp.write("\n".join(sorted(lines)) + "\n")
    os.replace(STAMP + ".new", STAMP)


def follow(pip: subprocess.Popen) -> str:
    """Show pip's progress, one line in ten. Returns its last lines if it failed, else ""."""
    assert pip.stdout is not None
    tail, seen = [""], 0
    for line in iter(pip.stdout.readline, b""):
        text = line.decode("utf-8", "replace").rstrip()
        tail = tail[-14:] + [text]
        seen += text.startswith("Collecting ")
        if text.startswith("Collecting ") and seen % 10 == 0:
            say("  %d found" % seen)
        elif text.startswith("Installing collected"):
            say("  unpacking")
    return "\n".join(tail) if pip.wait() else ""


def say(text: str) -> None:
    print(text, flush=True)


def stop(text: str) -> None:
    sys.exit(text)


if __name__ == "__main__":
    main(sys.argv[1])
