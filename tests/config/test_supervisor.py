"""The process runner with real children: shells that say what happens to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.supervisor import read_procfile

# A child that tells of its stop; the last word of a child that is not asked nicely is missing.
POLITE = "sh -c 'trap \"echo goodbye; exit 0\" TERM; echo hello; while :; do sleep 0.05; done'"
STUBBORN = "sh -c 'trap \"\" TERM; echo hello; while :; do sleep 0.05; done'"
RUNNER = """
import os, sys
from pathlib import Path
from config import supervisor
supervisor._PATIENCE = 1.0
procfile = Path(sys.argv[1])
children = supervisor.read_procfile(procfile)
sys.exit(supervisor.Supervisor(children, dict(os.environ), procfile.parent).run(lambda: None))
"""


def run(tmp_path: Path, **children: str) -> subprocess.Popen[str]:
    procfile = tmp_path / "Procfile"
    procfile.write_text("# the children\n" + "".join(f"{name}: {command}\n" for name, command in children.items()))
    return subprocess.Popen([sys.executable, "-c", RUNNER, str(procfile)], stdout=subprocess.PIPE, text=True)


def read_until(process: subprocess.Popen[str], *wanted: str) -> None:
    """Read lines until each wanted one was seen."""
    missing = set(wanted)
    assert process.stdout is not None
    while missing:
        line = process.stdout.readline()
        assert line, f"ended without saying {missing}"
        missing.discard(line.rstrip())


def rest(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate(timeout=20)
    return output.splitlines()


def test_a_procfile_is_names_and_commands(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("# comment: no\nweb: serve --bind a:b\n\nbeat: tick\n")
    children = read_procfile(tmp_path / "Procfile")
    assert [(child.name, child.command) for child in children] == [("web", "serve --bind a:b"), ("beat", "tick")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_the_last_first_and_waits_for_each(tmp_path: Path, number: signal.Signals) -> None:
    process = run(tmp_path, web=POLITE, worker=POLITE, beat=POLITE)
    read_until(process, "web    | hello", "worker | hello", "beat   | hello")
    process.send_signal(number)
    stops = [line for line in rest(process) if line.startswith("system | ")]
    assert stops == ["system | stopping beat", "system | stopping worker", "system | stopping web"]
    assert process.returncode == 0


def test_every_child_may_say_goodbye(tmp_path: Path) -> None:
    process = run(tmp_path, web=POLITE)
    read_until(process, "web    | hello")
    process.terminate()
    assert "web    | goodbye" in rest(process)


def test_who_does_not_go_is_killed_with_its_family(tmp_path: Path) -> None:
    process = run(tmp_path, web=f"{STUBBORN} & echo pid $!; {STUBBORN}")
    assert process.stdout is not None
    # Both say hello, and the one in the background at any moment.
    said = [process.stdout.readline().rstrip() for _ in range(3)]
    (grandchild,) = [int(line.split()[-1]) for line in said if " pid " in line]
    assert said.count("web    | hello") == 2
    process.terminate()
    rest(process)
    assert not Path(f"/proc/{grandchild}").exists() or "Z" in Path(f"/proc/{grandchild}/stat").read_text()


def test_who_dies_is_started_again(tmp_path: Path) -> None:
    command = f"sh -c 'test -e {tmp_path}/second && exec sleep 60; touch {tmp_path}/second; exit 3'"
    process = run(tmp_path, web=command)
    read_until(process, "system | web ended by itself (3)")
    process.terminate()
    assert rest(process) == ["system | stopping web"]
    assert process.returncode == 0


def test_who_dies_again_and_again_ends_everything(tmp_path: Path) -> None:
    process = run(tmp_path, web="false", worker=POLITE)
    lines = rest(process)
    assert lines.count("system | web ended by itself (1)") == 5
    assert "system | web ended 5 times within a minute, so everything stops; its lines say why" in lines
    assert "system | stopping worker" in lines
    assert process.returncode == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_no_child_outlives_a_killed_runner(tmp_path: Path) -> None:
    process = run(tmp_path, web="sh -c 'echo $$; exec sleep 60'")
    assert process.stdout is not None
    child = int(process.stdout.readline().split()[-1])
    process.kill()
    process.communicate(timeout=20)
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text():
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child lives on")
