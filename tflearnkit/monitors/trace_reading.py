"""TensorFlow's traces -> the operations that cost most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["OpCost", "costs_in", "cost_table"]

_PS_PER_US = 1e6
_OPERATION = re.compile(r"([\w./>-]+):(_?[A-Z]\w*)")  # how TensorFlow's executor names what it runs
_SCAFFOLD = re.compile(r"while(_\d+)?|body|cond|_\d+")  # what loops put into names
# They only run others, which are in the trace themselves.
_RUN_OTHERS = {"while", "call", "conditional", "While", "StatelessWhile", "If", "StatelessIf"}
_RUN_OTHERS |= {"PartitionedCall", "StatefulPartitionedCall"}


class OpCost(NamedTuple):
    """What an operation took in a trace.

    Attributes
    ----------
    name : str
        Of the operation, with the scopes that it stands in.
    kind : str
        Of operation, in TensorFlow's or XLA's words.
    calls : int
    microseconds : float
        On all threads together, without operations that it waited for.
    share : float
        Of the microseconds of all operations.
    """

    name: str
    kind: str
    calls: int
    microseconds: float
    share: float


def costs_in(trace: bytes) -> tuple[OpCost, ...]:
    """Return the operations in a trace (an ``XSpace``), dearest first.

    Those of one name and kind are one: what runs in each step of a loop, and what XLA has made of
    one operation.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace.FromString(trace)
    compiled = _compiled_operations(space)
    totals: dict[tuple[str, str], list] = {}
    for plane in space.planes:
        names = {number: stat.name for number, stat in plane.stat_metadata.items()}
        for line in plane.lines:
            for operation, picoseconds in _own_times(_operations(plane, line, names, compiled)):
                total = totals.setdefault(operation, [0, 0])
                total[0] += 1
                total[1] += picoseconds
    whole = sum(picoseconds for _, picoseconds in totals.values()) or 1
    found = [
        OpCost(*operation, calls, picoseconds / _PS_PER_US, picoseconds / whole)
        for operation, (calls, picoseconds) in totals.items()
    ]
    return tuple(sorted(found, key=lambda cost: (-cost.microseconds, cost.name)))


def cost_table(costs: Iterable[OpCost]) -> str:
    """Return a table of operations."""
    lines = [("operation", "kind", "calls", "us", "share")]
    lines += [
        (cost.name, cost.kind, f"{cost.calls:,}", f"{cost.microseconds:,.0f}", f"{cost.share:.1%}")
        for cost in costs
    ]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        for cells in lines
    )


def _operations(plane, line, names, compiled) -> Iterator[tuple[int, int, tuple[str, str]]]:
    """Yield begin, end and operation of the events of a line that are operations."""
    for event in line.events:
        metadata = plane.event_metadata[event.metadata_id]
        operation = _operation(metadata.name, _texts(event, names), compiled)
        if operation is not None and operation[1] not in _RUN_OTHERS:
            yield event.offset_ps, event.offset_ps + event.duration_ps, operation


def _texts(event, names: dict[int, str]) -> dict[str, str]:
    """Return what is said of an event in words."""
    return {
        names[stat.metadata_id]: stat.str_value or names.get(stat.ref_value, "")
        for stat in event.stats
        if stat.str_value or stat.ref_value
    }


def _operation(name: str, said: dict[str, str], compiled: dict) -> tuple[str, str] | None:
    """Return name and kind of an operation; None for another event."""
    if "hlo_op" in said:
        operation = said["hlo_op"]
        return compiled.get((said.get("hlo_module"), operation), (operation, "XLA"))
    named = _OPERATION.fullmatch(said.get("tf_op") or name)
    return None if named is None else (_without_scaffold(named[1]), named[2])


def _compiled_operations(space) -> dict[tuple[str, str], tuple[str, str]]:
    """Return, by module and instruction of XLA, the operation that it was compiled from."""
    from tensorflow.compiler.xla.service import hlo_pb2

    programs = [
        stat.bytes_value
        for plane in space.planes
        if plane.name == "/host:metadata"
        for metadata in plane.event_metadata.values()
        for stat in metadata.stats
    ]
    found = {}
    for program in programs:
        module = hlo_pb2.HloProto.FromString(program).hlo_module
        for computation in module.computations:
            for each in computation.instructions:
                name = _without_scaffold(each.metadata.op_name) or each.name
                found[module.name, each.name] = name, each.opcode
    return found


def _without_scaffold(name: str) -> str:
    return "/".join(part for part in name.split("/") if not _SCAFFOLD.fullmatch(part))


def _own_times(spans: Iterable[tuple]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield operations with the time that each takes itself, without those inside it.

    ``spans`` are of one thread, where one either contains another or has nothing of it.
    """
    stack: list[list] = []
    for begin, end, operation in sorted(spans, key=lambda span: (span[0], -span[1])):
        while stack and stack[-1][0] <= begin:
            yield tuple(stack.pop()[1:])
        if stack:
            stack[-1][2] -= end - begin
        stack.append([end, operation, end - begin])
    yield from (tuple(left[1:]) for left in stack)
