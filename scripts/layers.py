#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who includes whom in src/ against the table of layers, and that no include goes in a circle.
Prints each violation; exit status 1 if there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# layer: the layers directly under it; all that are under those may be included too
UNDER = {
    "base": [],
    "table": ["base"],
    "source": ["table"],
    "plan": ["table"],
    "lang": ["plan"],
    "exec": ["plan"],
    "beacon": ["base"],
    "detect": ["table", "exec", "beacon"],
    "store": ["detect"],
    "report": ["detect"],
    "serve": ["store", "report"],
    "engine": ["serve", "source", "lang"],
    "cli": [],
}


def reachable(layer):
    found = {layer}
    for below in UNDER[layer]:
        found |= reachable(below)
    return found


def includes(path):
    """(line number, name) of each #include "..."."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if match:
            yield number, match.group(1)


def resolve(path, name):
    for folder in (ROOT / "src", ROOT / "include", path.parent):
        if (folder / name).exists():
            return (folder / name).resolve()
    return None  # made by the build


def cycle_from(path, edges, state, trail):
    state[path] = 1
    for target in edges.get(path, []):
        if state.get(target) == 1:
            return trail[trail.index(target):] + [target] if target in trail else [path, target]
        if target not in state:
            found = cycle_from(target, edges, state, trail + [target])
            if found:
                return found
    state[path] = 2
    return None


def main():
    wrong, edges = [], {}
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        layer = path.relative_to(ROOT / "src").parts[0]
        where = path.relative_to(ROOT)
        if layer not in UNDER:
            wrong.append(f"{where}: {layer} is no layer of scripts/layers.py")
            continue
        for number, name in includes(path):
            target = resolve(path, name)
            if target is None:
                continue
            edges.setdefault(path, []).append(target)
            if target.is_relative_to(ROOT / "include"):
                continue
            other = target.relative_to(ROOT / "src").parts[0]
            if other not in reachable(layer):
                wrong.append(f"{where}:{number}: {layer} may not include {name}")
    state = {}
    for path in list(edges):
        found = path not in state and cycle_from(path, edges, state, [path])
        if found:
            wrong.append("include cycle: " + " -> ".join(str(p.relative_to(ROOT)) for p in found))
    print("\n".join(wrong) if wrong else f"{len(edges)} files keep to the layers")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
