#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden cases of the command line, as TAP.

Usage: run.py [--record] ICTUS [CASE...]
A case is a folder of cases/: `cmd` is run by bash in an empty folder with $ICTUS (the program) and $CASE
(the case's folder); what it writes must be `stdout` and `stderr`, byte for byte, and its status `exit`.
--record writes these three anew instead of comparing them."""
import difflib
import os
import pathlib
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).resolve().parent / "cases"
LIMIT_S = 120


def run(case, program):
    """What the case gives: the bytes of each expected file."""
    with tempfile.TemporaryDirectory(prefix="ictus-case-") as folder:
        env = {"PATH": os.environ["PATH"], "HOME": folder, "TZ": "UTC", "LC_ALL": "C", "COLUMNS": "80",
               "ICTUS": program, "CASE": str(case)}
        env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        done = subprocess.run(["bash", str(case / "cmd")], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=LIMIT_S, check=False)
    return {"stdout": done.stdout, "stderr": done.stderr, "exit": b"%d\n" % done.returncode}


def expected(case, name):
    path = case / name
    return path.read_bytes() if path.exists() else b""


def show(case, name, got):
    want = expected(case, name).decode(errors="backslashreplace").splitlines()
    have = got.decode(errors="backslashreplace").splitlines()
    for line in list(difflib.unified_diff(want, have, f"{case.name}/{name}", "now", lineterm=""))[:60]:
        print("#", line)


def main():
    args = sys.argv[1:]
    record = "--record" in args
    args = [a for a in args if a != "--record"]
    program = str(pathlib.Path(args[0]).resolve())
    cases = sorted(p for p in CASES.iterdir() if (p / "cmd").exists() and (not args[1:] or p.name in args[1:]))
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, case in enumerate(cases, 1):
        try:
            got = run(case, program)
        except subprocess.TimeoutExpired:
            got = {"exit": b"none: it ran longer than %d s\n" % LIMIT_S}
        if record:
            for name, text in got.items():
                (case / name).write_bytes(text)
        wrong = [name for name, text in got.items() if text != expected(case, name)]
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {case.name}", flush=True)
        for name in wrong:
            show(case, name, got[name])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
