# SPDX-License-Identifier: Apache-2.0
"""When the answer of a query is the expected one. Every function returns None if so, else what differs."""
import json
import math
import re
from collections import Counter

RELATIVE = 1e-9
INFINITE = {"∞": "infinity", "-∞": "-infinity", "inf": "infinity", "-inf": "-infinity"}
COARSE = {"int": "long", "decimal": "real"}
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\Z")
THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?\Z")
LITERAL = re.compile(r"(union|search)_arg\d+\Z")
DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(\.\d+)?Z?\Z")


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def near(a, b):
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return a == b or math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-300)


def same(a, b, unordered):
    """Equality of two JSON values; `unordered`: arrays are multisets at any depth."""
    if is_number(a) and is_number(b):
        return near(a, b)
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return False
        return match_all(a, b, lambda x, y: same(x, y, True)) if unordered else \
            all(same(x, y, False) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k], unordered) for k in a)
    return type(a) is type(b) and a == b


def match_all(want, got, equal):
    """Whether the lists are the same multiset. Greedy: equality is transitive for all practical ends."""
    left = list(got)
    for w in want:
        for i, g in enumerate(left):
            if equal(w, g):
                del left[i]
                break
        else:
            return False
    return not left


def typed_cell(v, kind):
    """Null strings are empty ones."""
    return "" if v is None and kind == "string" else v


def loose_cell(v):
    """The text-loose form of a cell: a number, a JSON value, or plain text."""
    if v is None:
        return ""
    if isinstance(v, bool):
        return str(v).lower()
    if is_number(v):
        return float(v)
    if isinstance(v, (list, dict)):
        return loose_json(v)
    text = re.sub(r"[\s\u00a0\u202f]+", " ", v).strip()
    if text[:1] in "[{" and text:
        try:
            return loose_json(json.loads(text))
        except ValueError:
            pass
    low = INFINITE.get(text.lower(), text.lower() if text.lower() in ("true", "false", "nan") else text)
    if low.lower() in ("infinity", "-infinity"):
        return low.lower()
    if THOUSANDS.match(low):
        low = low.replace(",", "")
    if NUMBER.match(low):
        return float(low)
    when = DATETIME.match(low)
    if when:
        return when.group(1) + " " + when.group(2) + (when.group(3) or ":00") + \
            (when.group(4) or "").rstrip("0").rstrip(".")
    return "" if low == "null" else low


def loose_json(v):
    if isinstance(v, list):
        return [loose_json(x) for x in v]
    if isinstance(v, dict):
        return {k: loose_json(x) for k, x in v.items()}
    return float(v) if is_number(v) else v


def digits_after_point(text):
    found = re.search(r"\.(\d+)(?:[eE]|\Z)", text.strip()) if isinstance(text, str) else None
    return len(found.group(1)) if found else 0


def loose_same(want, got, unordered):
    w, g = loose_cell(want), loose_cell(got)
    if isinstance(w, float) and isinstance(g, float):
        if near(w, g) or (math.isnan(w) and math.isnan(g)):
            return True
        # a decimal that the page shows rounded
        shown = digits_after_point(want) if isinstance(want, str) else 0
        if shown:
            exponent = re.search(r"[eE]([-+]?\d+)\Z", want.strip())
            unit = 10.0 ** ((int(exponent.group(1)) if exponent else 0) - shown)
            return abs(w - g) <= 0.5000001 * unit
        return False
    if isinstance(w, (list, dict)) or isinstance(g, (list, dict)):
        return same(w, g, unordered)
    if isinstance(w, float) != isinstance(g, float):
        return str(want).strip() == str(got).strip()
    return w == g


def columns_differ(expect, answer, loose):
    want, got = expect["columns"], answer["columns"]
    if len(want) != len(got):
        return f"{len(got)} columns {[c['name'] for c in got]}, expected {[c['name'] for c in want]}"
    if loose:
        return None
    for w, g in zip(want, got):
        if w["name"] != g["name"]:
            return f"column {g['name']!r}, expected {w['name']!r}"
        if w.get("type") and COARSE.get(w["type"], w["type"]) != COARSE.get(g["type"], g["type"]):
            return f"column {g['name']!r} is {g['type']}, expected {w['type']}"
    return None


def keys_differ(expect, answer):
    """Rows are a multiset, but these columns are in order."""
    names = [c["name"] for c in expect["columns"]]
    for key in expect["order_keys"]:
        at = names.index(key.split()[0])
        if [r[at] for r in expect["rows"]] != [r[at] for r in answer["rows"]]:
            return f"rows are not in the order of {key}"
    return None


def differ(expect, answer):
    loose = expect.get("compare") == "text-loose"
    unordered = bool(expect.get("arrays_unordered"))
    wrong = columns_differ(expect, answer, loose)
    if wrong:
        return wrong
    want, got = expect["rows"], answer["rows"]
    if len(want) != len(got):
        return f"{len(got)} rows, expected {len(want)}: {json.dumps(got[:3])[:300]}"
    kinds = [c.get("type") for c in expect["columns"]]

    def row_same(w, g):
        if loose:
            return all(loose_same(a, b, unordered) for a, b in zip(w, g))
        return all(same(typed_cell(a, k), typed_cell(b, k), unordered) for a, b, k in zip(w, g, kinds))

    if expect.get("ordered") and not expect.get("order_keys"):
        for i, (w, g) in enumerate(zip(want, got)):
            if not row_same(w, g):
                return f"row {i}: {json.dumps(g)[:300]}, expected {json.dumps(w)[:300]}"
        return None
    if expect.get("order_keys") and keys_differ(expect, answer):
        return keys_differ(expect, answer)
    left = list(got)
    for w in want:
        for i, g in enumerate(left):
            if row_same(w, g):
                del left[i]
                break
        else:
            return f"no row {json.dumps(w)[:300]}; left over: {json.dumps(left[:2])[:300]}"
    return None


def without_names(rows, names):
    """What union and search call their sources: a literal has a number where a table has its name."""
    def plain(v):
        return "(source)" if isinstance(v, str) and (v in names or LITERAL.match(v)) else v
    return [[plain(v) for v in row] for row in rows]


def summary(results):
    """{file: Counter of outcomes} from (file, outcome) pairs."""
    table = {}
    for name, outcome in results:
        table.setdefault(name, Counter())[outcome] += 1
    return table
