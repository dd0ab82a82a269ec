"""The house stands as its plan says: floors, lazy import, room sizes, documented public names."""

import ast
import inspect
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import pytest

import tflearnkit

ROOT = Path(tflearnkit.__file__).parent
ROOMS = (  # from the ground up; rooms of one line do not know each other
    ("errors",),
    ("array_file", "cluster", "drawing", "precision", "tensors", "whole_file"),
    (
        "config", "data", "datasets", "checkpoint_folder", "draws", "export_strategy",
        "initializers", "inputs", "preprocessing", "replicas", "summaries", "termination",
    ),  # fmt: skip
    ("checkpoint", "dataframe", "io", "model_file"),
    ("columns",),
    ("metrics", "optimizers", "parts", "variables"),
    ("layers", "losses", "tasks"),
    ("model_function", "models"),
    ("engines", "monitors"),
    ("loop",),
    ("estimators",),
    ("faces",),  # the public classes in estimators/
    ("experiment", "loading", "plot"),
    ("learn_runner", "launch", "slurm"),
    ("optuna_tuner",),
)
FACES = (
    "linear",
    "dnn",
    "dnn_linear_combined",
    "subclassed",
    "estimator",
    "logistic_regressor",
    "svm",
    "kmeans",
    "random_forest",
    "tensor_forest",
    "boosted_trees",
)
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}
FILES = sorted(ROOT.rglob("*.py"))
MODULES = {
    ".".join(("tflearnkit", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in FILES
}


def room(module):
    _, first, *inner = module.split(".")
    return "faces" if first == "estimators" and inner and inner[0] in FACES else first


def imports_of(path):
    """Every module of ours that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which room is meant"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith("tflearnkit."))


@pytest.mark.parametrize("module", [name for name in MODULES if name != "tflearnkit"])
def test_a_module_imports_only_from_floors_below(module):
    assert room(module) in LEVEL, f"{module} is on no floor: give its room one"
    upward = [
        name
        for name in imports_of(MODULES[module])
        if room(name) != room(module) and LEVEL[room(name)] >= LEVEL[room(module)]
    ]
    assert not upward, f"{module} imports {upward}, which are not below it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 450
    assert path.stem not in {"utils", "helpers", "common", "misc"}


def test_distribution_is_met_in_two_places():
    """``RunConfig`` names the strategy; ``replicas`` runs steps under it."""
    allowed = {ROOT / "config.py", *(ROOT / "replicas").iterdir()}
    found = {path for path in FILES if "distribute" in path.read_text(encoding="utf-8")}
    assert found <= allowed


def loaded_by(statement):
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    heavy = {"tensorflow", "keras", "pandas", "polars", "pyarrow", "matplotlib", "scipy", "sklearn"}
    assert not heavy & loaded_by("import tflearnkit; dir(tflearnkit)")


@pytest.mark.parametrize("room", ["errors", "config", "data.table"])
def test_the_ground_floors_do_without_tensorflow(room):
    assert not {"tensorflow", "keras"} & loaded_by(f"import tflearnkit.{room}")


def test_type_checkers_see_the_names_that_users_get():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    )
    seen = {alias.name for node in block.body for alias in node.names}
    assert seen == set(tflearnkit.__all__)


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(AttributeError, match="Did you mean 'DNNClassifier'"):
        _ = tflearnkit.DNNClasifier


def public_names():
    """The names of the package, and of its rooms: ``DNNClassifier``, ``metrics.auc``, ..."""
    for name in tflearnkit.__all__:
        yield name
        thing = getattr(tflearnkit, name)
        if inspect.ismodule(thing):
            yield from (f"{name}.{inner}" for inner in thing.__all__)


@pytest.mark.parametrize("name", list(public_names()))
def test_a_public_name_is_documented_with_an_example(name):
    thing = attrgetter(name)(tflearnkit)
    doc = inspect.getdoc(thing)
    assert doc, f"{name} has no docstring"
    is_exception = inspect.isclass(thing) and issubclass(thing, Exception)
    if inspect.ismodule(thing) or is_exception:
        return  # rooms and exceptions explain themselves in words
    assert "Examples\n--------\n" in doc, f"{name} shows no example"
    assert ">>> " in doc, f"{name} shows no example that runs"


@pytest.mark.parametrize("name", list(public_names()))
def test_public_methods_are_documented(name):
    thing = attrgetter(name)(tflearnkit)
    methods = inspect.getmembers(thing, inspect.isfunction) if inspect.isclass(thing) else []
    bare = [
        method
        for method, function in methods
        if not method.startswith("_")
        and function.__module__.startswith("tflearnkit")
        and not inspect.getdoc(getattr(thing, method))
    ]
    assert not bare, f"{name} has methods without a docstring: {bare}"
