"""The rules of the house, which CONTRIBUTING.md gives in words."""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import studio
from studio.settings import PRESETS, Settings, knobs, read_preset
from tests.conftest import ROOT, Run

FILES = sorted((ROOT / "studio").rglob("*.py"))
TREES = {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
LONGEST_FILE, LONGEST_FUNCTION, MOST_POSITIONAL = 300, 60, 5

TOOLS = {
    "ruff finds nothing": ["ruff", "check", "--no-cache", "."],
    "ruff would format nothing": ["ruff", "format", "--no-cache", "--check", "."],
    "mypy finds nothing": ["mypy"],
}


@pytest.mark.parametrize("rule", TOOLS)
def test_the_code_is_clean(rule: str) -> None:
    told = subprocess.run([sys.executable, "-m", *TOOLS[rule]], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


def test_imports_go_one_way() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    told = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout.partition("Broken contracts")[2] or told.stdout + told.stderr


def test_only_the_page_knows_gradio() -> None:
    assert not [
        name
        for name, tree in TREES.items()
        if not name.startswith("studio/ui/") and "gradio" in set(_imported(tree))
    ]


def _imported(tree: ast.Module) -> Iterator[str]:
    """The top-level packages that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]


LIGHT = (  # what the page's process loads, directly or through the plug-ins
    r"studio\.(cli|console|demo|errors|flags|kinds|registry|presets|settings|workspace)$"
    r"|studio\.(data|install|jobs|ui)(\.|$)"
    r"|studio\.\w+\.settings$"
    r"|studio\.(families|networks|caption\.captioners|generate\.samplers|train\.optimizers)\.[a-z]"
    r"|studio\.models\.(source|layout|identify|hub|hashes|opening)$"
    r"|studio\.adapters\.(library|receipt|factors|inspection)$|studio\.adapters\.kinds(\.|$)"
    r"|studio\.generate\.methods(\.|$)|studio\.adapter_commands(\.|$)"
)


LOADS = """
import importlib, json, sys
heavy = {"torch", "diffusers", "transformers", "peft"}
guilty = ""
for name in NAMES:
    importlib.import_module(name)
    guilty = guilty or (name if heavy & set(sys.modules) else "")
print(json.dumps(guilty))
"""


def test_the_page_never_loads_torch(python: Run) -> None:
    names = [module.name for module in pkgutil.walk_packages(studio.__path__, "studio.")]
    light = [name for name in names if re.match(LIGHT, name)]
    assert len(light) > 40
    told = python(LOADS.replace("NAMES", repr(light)))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1]) == ""


NAMED = {"family": "families", "optimizer": "optimizers", "network": "networks", "captioner": "captioners"}


def test_only_a_plug_in_asks_for_its_own_name() -> None:
    assert not [f"{name}:{line} asks for the {noun}" for name, line, noun in _questions()]


def _questions() -> Iterator[tuple[str, int, str]]:
    """Comparisons of a plug-in's name with a word, outside the plug-in's folder: `if family == "sdxl"`."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
            elif isinstance(node, ast.Match):
                sides = [node.subject]
            else:
                continue
            for noun in {noun for side in sides for noun in _nouns(side)} if _has_words(node) else ():
                if f"/{NAMED[noun]}/" not in name:
                    yield name, node.lineno, noun


def _has_words(node: ast.AST) -> bool:
    constants = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return any(isinstance(value, str) and value for value in constants)


def _nouns(side: ast.expr) -> set[str]:
    """`family`, `settings.family` and `model.family.name` all speak of the family."""
    spelled = set(ast.unparse(side).split(".")) if isinstance(side, ast.Name | ast.Attribute) else set()
    return spelled & set(NAMED)


def test_files_and_functions_are_short() -> None:
    long = [name for name, tree in TREES.items() if _lines(tree) > LONGEST_FILE]
    for name, function in _functions():
        size = (function.end_lineno or 0) - function.lineno + 1
        if size > LONGEST_FUNCTION:
            long.append(f"{name}:{function.lineno} {function.name} has {size} lines")
        if _positional(function) > MOST_POSITIONAL:
            long.append(f"{name}:{function.lineno} {function.name} takes too many positional arguments")
    assert not long


def _positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many there are, without self; the parameters of a command are flags."""
    if any(".command" in ast.unparse(decorator) for decorator in function.decorator_list):
        return 0
    given = [*function.args.posonlyargs, *function.args.args]
    return len([one for one in given if one.arg not in ("self", "cls")])


def _lines(tree: ast.Module) -> int:
    return max((node.end_lineno or 0 for node in tree.body), default=0)


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, node


def test_faults_have_names_outside_the_job_runner_and_the_page_s_edge() -> None:
    caught = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not name.startswith(("studio/jobs/", "studio/ui/faults.py"))
        and not any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(node))
    ]
    assert not caught


def test_nothing_is_left_unfinished() -> None:
    words = re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|raise NotImplementedError")
    assert not [file for file in FILES if words.search(file.read_text(encoding="utf-8"))]


def _settings() -> list[type[Settings]]:
    for module in pkgutil.walk_packages(studio.__path__, "studio."):
        if module.name.endswith(".settings"):
            __import__(module.name)
    return [cls for cls in Settings.__subclasses__() if cls.__module__.startswith("studio.")]


@pytest.mark.parametrize("cls", _settings(), ids=lambda cls: cls.__name__)
def test_every_setting_says_what_it_is_for(cls: type[Settings]) -> None:
    for knob in knobs(cls):
        assert knob.label[:1].isupper(), f"{knob.name} has no label"
        assert knob.help.endswith("."), f"{knob.name} has no sentence of help"
        assert "\n" not in knob.help and len(knob.help) <= 140, f"the help of {knob.name} is not one line"


@pytest.mark.parametrize(
    "file", sorted(PRESETS.rglob("*.toml")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_every_preset_is_valid(file: Path) -> None:
    cls = next(cls for cls in _settings() if cls.__name__.lower() == f"{file.parent.name}settings")
    preset = read_preset(file)
    assert preset.title and preset.about
    needed = {knob.name: "a folder" for knob in knobs(cls) if knob.required}
    cls.layered(needed, preset.values)
