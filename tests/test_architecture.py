"""The house rules that a program can check: who imports whom, what is public, what a plain import costs."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("encoders", "indexer", "search", "app")
MAY_IMPORT = {
    "encoders": set(),
    "indexer": {"encoders"},
    "search": {"encoders", "indexer"},
    "app": {"encoders", "indexer", "search"},
}
HEAVY = {
    "matplotlib", "numpy", "onnxruntime", "open_clip", "openvino", "pandas", "PIL", "qdrant_client", "qdrant_edge", "rapidocr",
    "scipy", "sentence_transformers", "skimage", "streamlit", "timm", "tokenizers", "torch", "torchvision", "transformers",
}  # fmt: skip
ONLY = {
    "qdrant_edge": "indexer/store/",
    "qdrant_client": "indexer/store/",
    "torch": "encoders/",
    "openvino": "encoders/",
    "open_clip": "encoders/",
    "sentence_transformers": "encoders/",
    "timm": "encoders/",
    "streamlit": "app/",
}


def imports(path):
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def sources():
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def test_imports_run_one_way():
    for path in sources():
        room = path.relative_to(ROOT).parts[0]
        ours = {name.partition(".")[0] for name in imports(path)} & set(ROOMS)
        assert ours - {room} <= MAY_IMPORT[room], f"{path.relative_to(ROOT)} imports {ours - {room} - MAY_IMPORT[room]}"


def test_modules_import_each_other_without_a_circle():
    graph = {}
    for path in sources():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        graph[name] = {
            module
            for node in top
            for module in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
            if module and module.partition(".")[0] in ROOMS and module != name
        }
    done, doing = set(), []

    def visit(name):
        if name in done or name not in graph:
            return
        assert name not in doing, f"a circle: {' -> '.join([*doing[doing.index(name) :], name])}"
        doing.append(name)
        for other in graph[name]:
            visit(other)
        doing.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_each_engine_is_known_in_one_room_only():
    for path in sources():
        relative = path.relative_to(ROOT).as_posix()
        for name in imports(path):
            home = ONLY.get(name.partition(".")[0])
            assert home is None or relative.startswith(home), f"{relative} imports {name}"


@pytest.mark.parametrize("room", ["encoders", "indexer", "search"])
def test_importing_a_room_loads_nothing_heavy(room):
    code = f"import {room}, sys; print(*sorted(set(sys.modules) & {HEAVY}))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.split() == []


@pytest.mark.parametrize("command", ["encoders", "indexer", "search"])
def test_help_loads_nothing_heavy(command):
    code = (
        f"import runpy, sys; sys.argv = ['{command}', '--help']\n"
        "try:\n    runpy.run_module(sys.argv[0], run_name='__main__')\n"
        f"except SystemExit as end:\n    print('EXIT', end.code, *sorted(set(sys.modules) & {HEAVY}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "EXIT 0"


def test_every_module_says_what_is_public_and_keeps_its_word():
    for path in sources():
        if path.name == "__main__.py" or path.parts[-2] == "views" or path.name == "streamlit_app.py":
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        module = importlib.import_module(name)
        if not path.read_text(encoding="utf-8").strip():
            continue
        public = getattr(module, "__all__", None)
        names = {n.name for n in ast.parse(path.read_text(encoding="utf-8")).body
                 if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_")}  # fmt: skip
        assert public is not None or not names, f"{name} has no __all__"
        for one in public or ():
            assert hasattr(module, one), f"{name}.__all__ names {one}, which is not there"
        missing = names - set(public or ()) - {"main"}
        assert not missing, f"{name} does not list {missing}"


def test_files_stay_small_enough_to_be_one_thing():
    for path in sources():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines: two things in one?"
