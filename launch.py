"""Start the studio, and install it first where that is not done yet.

    python launch.py               the page, in the browser
    python launch.py demo          the whole way on the sample pictures, without a page
    python launch.py test          every test
    python launch.py train ...     any other command of the studio

Needs nothing but Python. All goes into .venv beside this file, in the versions that .lock/ names.
"""

import sys

if not (3, 11) <= sys.version_info < (3, 14):  # before anything that an older Python may not understand
    sys.exit(
        f"LoRA Studio needs Python 3.11, 3.12 or 3.13, and this is Python {sys.version.split()[0]}. "
        "Install one of them from python.org and start launch.py with it."
    )

import argparse
import os
import subprocess
from pathlib import Path
from typing import NoReturn

from studio.install.environment import Environment
from studio.install.faults import InstallFault, explain

ROOT = Path(__file__).resolve().parent
AT_ONCE = ("--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder")


def read_options(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Our own options, and the studio's command with its options."""
    parser = argparse.ArgumentParser(
        prog="python launch.py",
        description="Start LoRA Studio; the first time, install it.",
        epilog="Other commands than the page: demo, test, caption, train, generate ...; each has --help.",
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=int, help="where the page is; without it, a free one")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the folder for everything you make")
    parser.add_argument("--listen", action="store_true", help="let other machines open the page")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="who may open it; needed with --listen")
    parser.add_argument("--window", action="store_true", help="a window of its own, if pywebview is there")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    parser.add_argument("--reinstall", action="store_true", help="make the environment anew")
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.listen and not all((options.auth or "").partition(":")):
        parser.error("--listen lets others in, so it needs --auth user:password as well")
    return options, options.command or ["ui", *page_options(options)]


def page_options(options: argparse.Namespace) -> list[str]:
    """What `studio ui` is told."""
    flags = [("--listen", options.listen), ("--window", options.window), ("--no-browser", options.no_browser)]
    words = [name for name, given in flags if given]
    for name, value in (("--port", options.port), ("--auth", options.auth)):
        words += [name, str(value)] if value is not None else []
    return words


def install(environment: Environment, needed: list[str], *, anew: bool) -> None:
    """Install, and end with one sentence if that cannot be done."""
    print("Installing LoRA Studio. This is done once and takes some minutes.", flush=True)
    try:
        environment.prepare(needed, anew=anew)
    except InstallFault as fault:
        sys.exit(f"\n{fault}")
    except OSError as fault:
        sys.exit(f"\n{explain(str(fault), environment.log)}")
    except KeyboardInterrupt:
        print("\nStopped. The next start goes on from here.", file=sys.stderr)
        sys.exit(130)


def start(python: Path, command: list[str]) -> NoReturn:
    """Become the studio, or its tests."""
    words = [str(python), "-P", "-m", "studio", *command]
    if command[0] == "test":
        os.chdir(ROOT)
        words = [str(python), "-m", "pytest", *AT_ONCE, *command[1:]]
    if os.name != "nt":
        os.execv(python, words)
    process = subprocess.Popen(words)
    while True:
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:
            continue  # the studio was told as well, and is about to end


def main(arguments: list[str]) -> None:
    """Install what is missing, then start."""
    options, command = read_options(arguments)
    os.environ["STUDIO_COMMAND"] = "python launch.py"  # so that its help speaks of what was typed
    if options.workspace is not None:
        os.environ["STUDIO_WORKSPACE"] = str(options.workspace.expanduser().absolute())
    environment = Environment(ROOT)
    needed = ["studio", "test"] if command[0] == "test" else ["studio"]
    if options.reinstall or not all(environment.ready(name) for name in needed):
        install(environment, needed, anew=options.reinstall)
    start(environment.python, command)


if __name__ == "__main__":
    main(sys.argv[1:])
