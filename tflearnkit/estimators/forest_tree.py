"""One tree to look at: as arrays, as text, as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tflearnkit.drawing import pyplot
from tflearnkit.errors import listing
from tflearnkit.estimators.forest_model import FittedForest

__all__ = ["Tree", "tree_of"]


@dataclass(frozen=True)
class Tree:
    """A tree of a forest.

    Nodes stand level by level, the root first. A row goes right (*yes*) where a node's condition
    holds: a number is at least the threshold, or a category is one of some.

    Attributes
    ----------
    left, right : int array of shape (nodes,)
        The children of each node, -1 for leaves.
    feature : int array of shape (nodes,)
        Which of ``feature_names`` a node looks at, -1 for leaves.
    threshold : float array of shape (nodes,)
        NaN for leaves, and where a set of categories decides.
    categories : dict of int to list
        By node, the categories that go right: values, or ``other`` (rare, or not there in
        training) and ``missing``.
    missing_goes_right : bool array of shape (nodes,)
        Where numbers are missing.
    gain : float array of shape (nodes,)
        How much a split gained.
    value : float array of shape (nodes, L)
        What leaves hold, NaN elsewhere: shares of the classes, numbers in the unit of the target,
        or in boosting what they add to the score ``output``.
    output : int
        The output (in boosting of several classes, the class) that the tree is of.
    feature_names : list of str
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    categories: dict[int, list]
    missing_goes_right: np.ndarray
    gain: np.ndarray
    value: np.ndarray
    output: int
    feature_names: list[str]
    value_names: list[str] | None = field(repr=False)

    @property
    def depth(self) -> int:
        """Steps from the root to the deepest leaf."""
        return max(level for _, level, _ in self._walk(None))

    def text(self, max_depth: int | None = None) -> str:
        """Return a line for each condition and each leaf, down to a level."""
        lines = []
        for node, level, answer in self._walk(max_depth):
            indent = "|   " * (level - 1) + "|-- " if level else ""
            more = " ..." if level == max_depth and self.left[node] >= 0 else ""
            lines.append(f"{indent}{answer}{self.label(node)}{more}")
        return "\n".join(lines)

    def plot(self, max_depth: int | None = 3, ax=None):
        """Draw the tree with matplotlib, down to a level; return the axes."""
        ax = pyplot("plot_tree").gca() if ax is None else ax
        ax.set_axis_off()
        shown = list(self._walk(max_depth))
        places = self._places(shown)
        box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "0.6"}
        for node, _, _ in shown:
            for child, answer in ((self.left[node], "no"), (self.right[node], "yes")):
                if child in places:
                    (x, y), (to_x, to_y) = places[node], places[child]
                    ax.plot([x, to_x], [y, to_y], color="0.6", zorder=1)
                    ax.text((x + to_x) / 2, (y + to_y) / 2, answer, fontsize="small", ha="center")
            words = self.label(node).replace(", ", "\n")
            ax.text(*places[node], words, ha="center", va="center", bbox=box, zorder=2)
        return ax

    def label(self, node: int) -> str:
        """Return what a node asks, or what a leaf holds."""
        if self.left[node] < 0:
            return self._leaf(node)
        name = self.feature_names[self.feature[node]]
        if node in self.categories:
            return f"{name} in {{{listing(self.categories[node], limit=5)}}}"
        missing = " or missing" if self.missing_goes_right[node] else ""
        return f"{name} >= {self.threshold[node]:.6g}{missing}"

    def _leaf(self, node: int) -> str:
        numbers = [f"{number:.4g}" for number in self.value[node]]
        if self.value_names is None:
            return numbers[0]
        named = zip(self.value_names, numbers, strict=True)
        return ", ".join(f"{name}: {number}" for name, number in named)

    def _walk(self, max_depth: int | None) -> Iterator[tuple[int, int, str]]:
        """Yield nodes, their levels and the answers that lead to them; right before left."""
        waiting = [(0, 0, "")]
        while waiting:
            node, level, answer = waiting.pop()
            yield node, level, answer
            if self.left[node] >= 0 and level != max_depth:
                waiting.append((int(self.left[node]), level + 1, "no: "))
                waiting.append((int(self.right[node]), level + 1, "yes: "))

    def _places(self, shown: list) -> dict[int, tuple[float, float]]:
        """Return where nodes are drawn: the last ones side by side, others above their children."""
        nodes = {node for node, _, _ in shown}
        places, ends = {}, 0
        for node, level, _ in reversed(shown):  # children before parents, from left to right
            below = [child for child in (self.left[node], self.right[node]) if child in nodes]
            if below:
                x = sum(places[child][0] for child in below) / len(below)
            else:
                x, ends = float(ends), ends + 1
            places[node] = x, -float(level)
        return places


def tree_of(model: FittedForest, index: int) -> Tree:
    """Return a tree of a model, by its place in the order of growth."""
    trees = model.forest.trees
    if not 0 <= index < len(trees):
        raise IndexError(
            f"There are trees from 0 to {len(trees) - 1}. Got {index}: choose one of them."
        )
    # In the order of growth, one for each output and again.
    step, output = divmod(index, trees.n_outputs)
    at = np.flatnonzero(trees.output == output)[step]
    nodes = slice(trees.starts[at], trees.starts[at] + trees.sizes[at])
    split = trees.split[nodes]
    is_inner = split >= 0
    left = np.where(is_inner, trees.children[nodes] - nodes.start, -1)
    right = np.where(is_inner, left + 1, -1)
    feature = np.where(is_inner, split >> 1, -1)
    threshold, gain = np.full(len(split), np.nan), np.zeros(len(split))
    inner = slice(*np.searchsorted(np.flatnonzero(trees.split >= 0), [nodes.start, nodes.stop]))
    threshold[is_inner], gain[is_inner] = trees.threshold[inner], trees.gain[inner]
    categories = _unpack(model, trees, inner, np.flatnonzero(is_inner), threshold)
    leaves = slice(nodes.start - inner.start, nodes.stop - inner.stop)
    value = _values(model, trees.value[leaves].astype(np.float64), output)
    spread = np.full((len(split), value.shape[1]), np.nan)
    spread[~is_inner] = value
    return Tree(
        left, right, feature, threshold, categories, is_inner & (split % 2 == 1), gain, spread,
        output, model.features.names, _value_names(model, output),
    )


def _unpack(model, trees, inner: slice, numbers: np.ndarray, threshold: np.ndarray) -> dict:
    """Return the sets of categories of inner nodes by node; thresholds get their offsets."""
    n_categories = np.array(model.forest.n_categories, int)
    words = (n_categories[trees.feature[trees.split >= 0]] + 31) // 32
    place, found = words[: inner.start].sum(), {}
    features = trees.feature[trees.split >= 0][inner]
    for node, column, size in zip(numbers, features, words[inner], strict=True):
        part, component = model.features.part_of(int(column))
        if size == 0:
            threshold[node] += (getattr(part, "offset", None) or (0.0,) * part.width)[component]
            continue
        bits = np.unpackbits(trees.sets[place : place + size].view(np.uint8), bitorder="little")
        found[int(node)] = [_category(part, code) for code in np.flatnonzero(bits)]
        threshold[node] = np.nan
        place += size
    return found


def _category(part, code: int):
    if 0 < code <= len(part.vocabulary):
        return part.vocabulary[code - 1]
    return "other" if code == 0 else "missing"


def _values(model: FittedForest, value: np.ndarray, output: int) -> np.ndarray:
    task = model.task
    if task.kind == "regression":
        return value * task.scale[output] + (task.mean[output] if model.forest.averages else 0.0)
    if task.kind == "binary" and model.forest.averages:
        return np.concatenate([1 - value, value], axis=1)
    return value


def _value_names(model: FittedForest, output: int) -> list[str] | None:
    task = model.task
    if task.kind in ("binary", "multiclass"):
        names = [str(label) for label in task.classes]
        if model.forest.averages:
            return names
        return [f"score of {names[1] if task.kind == 'binary' else names[output]}"]
    several = task.n_outputs > 1
    return [f"output {output}"] if several else None
