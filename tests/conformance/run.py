#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance cases of the query languages through the program.

Usage: run.py ICTUS [--file NAME] [--id ID] [-v] [--no-lifted] [--quick]
The cases lie outside of the source tree: in $ICTUS_SHARED/conformance, else in ../shared/conformance beside
it; without them the test is skipped. --file: only files whose name holds NAME, such as kusto_emulator.v1 or
published; --id: that case; -v: the query and the whole message of what is wrong; --quick: only rates.
A case runs as written and, lifted, with its literals as tables: typed JSON, NDJSON or CSV by turns.
open.json lists the cases that fail, by reason: {"why": "page" (the documentation's own answer is at fault),
"data" (it needs what is not at hand) or "lacking" (it is not supported), "reason", "ids"}.
Exit status 1 if a rate is under its floor (floors.json), a case fails that open.json does not list or one
passes that it lists; 77 if there is nothing to run."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zlib

import compare

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMIT_S = 60
SKIPPED = 77
NOT_PLANNED = ("graph", "make-graph", "fork", "facet", "reduce")
DOUBTFUL = {"emu-0142"}
OK, WRONG = "ok", "wrong"


def shared():
    for folder in (os.environ.get("ICTUS_SHARED"), ROOT.parent / "shared"):
        if folder and (pathlib.Path(folder) / "conformance").is_dir():
            return pathlib.Path(folder) / "conformance"
    return None


# ---- files for tables ----------------------------------------------------------------

AQL_TYPES = {"host": "string", "port": "int"}


def csv_cell(v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    text = v if isinstance(v, str) else json.dumps(v)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in '",\r\n') or text == "" else text


def write_table(folder, name, table, how):
    """Options that bind the table."""
    columns = [{"name": c["name"], "type": AQL_TYPES.get(c["type"], c["type"])} for c in table["columns"]]
    names = [c["name"] for c in columns]
    schema = folder / f"{name}.schema.json"
    schema.write_text(json.dumps({"columns": columns}), encoding="utf-8")
    if how == "json":
        path = folder / f"{name}.json"
        path.write_text(json.dumps({"columns": columns, "rows": table["rows"]}), encoding="utf-8")
        return ["--table", f"{name}={path}"]
    path = folder / f"{name}.{how}"
    with path.open("w", encoding="utf-8", newline="") as f:
        if how == "csv":
            f.write(",".join(csv_cell(n) for n in names) + "\n")
        for row in table["rows"]:
            if how == "ndjson":
                f.write(json.dumps(dict(zip(names, row))) + "\n")
            else:
                cells = [json.dumps(v) if v is not None and c["type"] == "dynamic" else v
                         for v, c in zip(row, columns)]
                f.write(",".join(csv_cell(v) for v in cells) + "\n")
    return ["--table", f"{name}={path}", "--schema", f"{name}={schema}"]


def pick_format(case_id, table):
    """By turns, but a line of CSV without a cell cannot be told from an empty line."""
    how = ("json", "ndjson", "csv")[zlib.crc32(case_id.encode()) % 3]
    return "ndjson" if how == "csv" and len(table["columns"]) < 2 else how


# ---- running ---------------------------------------------------------------------------

def run(program, args, text):
    """(exit status, stdout, stderr); status None if it took too long. The query goes by file: it may be long."""
    with tempfile.TemporaryDirectory(prefix="ictus-conformance-") as folder:
        query = pathlib.Path(folder) / "query.txt"
        query.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([program, "query", "-f", str(query), *args], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return None, b"", b"ran too long"
    return done.returncode, done.stdout, done.stderr


def judge(expect, status, out, err, names=()):
    """(outcome, why) of one answer. names: tables that stand for literals, whose rows have no name of their own."""
    said = err.decode(errors="replace").strip()
    if status is None or status < 0 or status == 5 or status > 100:
        return WRONG, f"died with status {status}: {said[:2000]}"
    if expect.get("error"):
        if status != 2:
            return WRONG, f"gave an answer instead of an error: {out.decode(errors='replace')[:300]}"
        return OK, ""
    if status not in (0, 4):
        return WRONG, said[:400]
    try:
        answer = json.loads(out)
    except ValueError:
        return WRONG, "no JSON: " + out.decode(errors="replace")[:200]
    if names:
        expect = {**expect, "rows": compare.without_names(expect["rows"], names)}
        answer["rows"] = compare.without_names(answer["rows"], names)
    why = compare.differ(expect, answer)
    return (WRONG, why) if why else (OK, "")


def case_args(case, tables, folder, language):
    args = ["--lang", language, "--format", "json", "-q"]
    if case.get("now"):
        args += ["--now", case["now"]]
    for name, table in tables.items():
        args += write_table(pathlib.Path(folder), name, table, pick_format(case["id"], table))
    return args


def run_case(program, case, lifted, language):
    source = case["lifted"] if lifted else case
    with tempfile.TemporaryDirectory(prefix="ictus-tables-") as folder:
        args = case_args(case, source.get("tables") or {}, folder, language)
        names = set(source["tables"]) if lifted else ()
        return judge(case["expect"], *run(program, args, source["query"]), names)


def check_published(program, row, schemas):
    args = ["--lang", "kql", "--check", "-q", *schemas]
    status, _, err = run(program, args, row["query"])
    said = err.decode(errors="replace").strip()
    if status == 0:
        return OK, ""
    if status != 2:
        return WRONG, f"died with status {status}: {said[:2000]}"
    first = said.splitlines()[0] if said else ""
    if ": syntax: " in first or (": unsupported: " in first and not any(n in first for n in NOT_PLANNED)):
        return "unparsed", said[:500]
    if ": unsupported: " in first:
        return "not planned", first
    if ": name: " in first and "table" in first:
        return "unknown table", first
    return "unbound", said[:500]


def check_aql(program, row):
    valid = row["valid"]
    status, _, err = run(program, ["--lang", "aql", "--check", "-q"], row["query"])
    said = err.decode(errors="replace").strip()
    if status not in (0, 2):
        return WRONG, f"died with status {status}: {said[:2000]}"
    if valid == "doubtful":
        return "doubtful", said[:200]
    if valid == "yes":
        return (OK, "") if status == 0 else (WRONG, said[:400])
    return ("refused", said[:200]) if status == 2 else ("accepted", "")


# ---- all of it -----------------------------------------------------------------------------

def jobs(folder, program, opt, scratch):
    """(group, id, query, call) for each thing to run."""
    for path in sorted(folder.glob("*/*.json")):
        language = path.parent.name
        name = f"{language}/{path.stem}"
        doc = json.loads(path.read_text(encoding="utf-8"))
        for case in doc.get("cases", []) if isinstance(doc, dict) else []:
            if case["id"] in DOUBTFUL:
                continue
            yield name, case["id"], case["query"], lambda c=case, l=language: run_case(program, c, False, l)
            if "lifted" in case and not case["expect"].get("error") and not opt.no_lifted:
                yield (name + " lifted", case["id"], case["lifted"]["query"],
                       lambda c=case, l=language: run_case(program, c, True, l))
    schemas = []
    for name, columns in json.loads((folder / "kql/schemas.json").read_text(encoding="utf-8"))["tables"].items():
        path = scratch / f"{name}.json"
        path.write_text(json.dumps({"columns": columns}), encoding="utf-8")
        schemas += ["--schema", f"{name}={path}"]
    for language in ("kql", "aql"):
        for line in (folder / language / "published.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if language == "kql":
                yield "kql/published", row["id"], row["query"], lambda r=row: check_published(program, r, schemas)
            else:
                yield "aql/published", row["id"], row["query"], lambda r=row: check_aql(program, r)


def rate(counts, rule):
    """Share of the outcomes that count as good among those that count at all."""
    good = sum(counts[k] for k in rule["good"])
    of = good + sum(counts[k] for k in rule["bad"])
    return good / of if of else 1.0


# ---- cases that are open -------------------------------------------------------------------


def listed_open():
    """{id: (why, reason)}"""
    entries = json.loads((HERE / "open.json").read_text(encoding="utf-8"))
    return {case: (e["why"], e["reason"]) for e in entries for case in e["ids"]}


def open_differs(results, listed):
    """Sentences about cases that are not as open.json says. results: (group, id, outcome)."""
    failing = {name for group, name, outcome in results if outcome == WRONG and group not in RULES}
    seen = {name for group, name, _ in results if group not in RULES}
    return [f"{name} fails and open.json does not list it" for name in sorted(failing - listed.keys())] + \
        [f"{name} passes and open.json lists it" for name in sorted((seen & listed.keys()) - failing)]


def print_open(results, listed):
    failing = {}
    for group, name, outcome in results:
        if outcome == WRONG and name in listed:
            failing.setdefault((group, *listed[name]), []).append(name)
    for (group, why, reason), names in sorted(failing.items()):
        print(f"open: {group}: {why}: {reason}: {' '.join(names)}")


# ---- rates -----------------------------------------------------------------------------------

DEFAULT_RULE = {"good": [OK], "bad": [WRONG]}
RULES = {
    "kql/published": {"good": [OK, "unbound", "unknown table", "not planned"], "bad": ["unparsed", WRONG]},
    "kql/published binds": {"good": [OK], "bad": ["unbound", "unparsed", WRONG]},
    "aql/published": {"good": [OK], "bad": [WRONG]},
    "aql/published refused": {"good": ["refused"], "bad": ["accepted"]},
}


def print_rates(table, partial):
    floors = json.loads((HERE / "floors.json").read_text(encoding="utf-8"))
    failed = 0
    rows = {name: (counts, RULES.get(name, DEFAULT_RULE)) for name, counts in table.items()}
    for extra in RULES:
        base = extra.rsplit(" ", 1)[0]
        if base != extra and base in table:
            rows[extra] = (table[base], RULES[extra])
    for name, (counts, rule) in sorted(rows.items()):
        share, floor = rate(counts, rule), floors.get(name, 0)
        low = share < floor and not partial
        failed += low
        detail = ", ".join(f"{n} {k}" for k, n in sorted(counts.items()))
        print(f"{'BELOW ' + format(floor, '.1%') if low else '':>12} {share:7.1%}  {name}: {detail}")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--file", default="")
    parser.add_argument("--id", default="")
    parser.add_argument("-v", action="store_true", dest="verbose")
    parser.add_argument("--no-lifted", action="store_true")
    parser.add_argument("--quick", action="store_true")
    opt = parser.parse_args()
    folder = shared()
    if not folder:
        print("skipped: there is no folder of conformance cases")
        return SKIPPED
    program = str(pathlib.Path(opt.program).resolve())
    results = []
    listed = listed_open()
    with tempfile.TemporaryDirectory(prefix="ictus-schemas-") as scratch, \
            concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        todo = [j for j in jobs(folder, program, opt, pathlib.Path(scratch))
                if opt.file in j[0] and opt.id in ("", j[1])]
        for (group, name, query, _), (outcome, why) in zip(todo, pool.map(lambda j: j[3](), todo)):
            results.append((group, name, outcome))
            if outcome in (OK, "refused", "unknown table", "not planned", "doubtful") and not opt.id:
                continue
            if opt.quick or (name in listed and not opt.verbose):
                continue
            print(f"{outcome}: {group} {name}: {why if opt.verbose else why.splitlines()[0][:240] if why else ''}")
            if opt.verbose:
                print("    " + query.replace("\n", "\n    "))
    if not results:
        print("nothing is called so")
        return 1
    print_open(results, listed)
    differs = open_differs(results, listed)
    for sentence in differs:
        print(sentence)
    low = print_rates(compare.summary([(group, outcome) for group, _, outcome in results]),
                      bool(opt.file or opt.id))
    return 1 if low or differs else 0


if __name__ == "__main__":
    sys.exit(main())
