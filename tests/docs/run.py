#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of the documentation, as TAP.

Usage: run.py [--record] ICTUS FILE.md...
A block fenced as `console` holds commands after "$ " (which may go on over several lines until the quotes are
closed) and what they print, stdout and stderr together, in the root of the source. --record writes the output
into the pages anew."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


def commands(block):
    """(command, expected output) pairs."""
    found = []
    lines = block.splitlines()
    at = 0
    while at < len(lines):
        command = lines[at][2:]
        at += 1
        while command.count("'") % 2 and at < len(lines):
            command += "\n" + lines[at]
            at += 1
        start = at
        while at < len(lines) and not lines[at].startswith("$ "):
            at += 1
        found.append((command, "\n".join(lines[start:at])))
    return found


def run(program, command):
    with tempfile.TemporaryDirectory(prefix="ictus-docs-") as folder:
        (pathlib.Path(folder) / "ictus").symlink_to(program)
        env = {"PATH": folder + ":" + os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C", "COLUMNS": "80",
               "HOME": folder}
        env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    return done.stdout.decode(errors="backslashreplace").rstrip("\n")


def main():
    args = [a for a in sys.argv[1:] if a != "--record"]
    record = len(args) < len(sys.argv) - 1
    program = str(pathlib.Path(args[0]).resolve())
    number = failed = 0
    for page in args[1:]:
        path = pathlib.Path(page)
        text = path.read_text(encoding="utf-8")

        def block(match):
            nonlocal number, failed
            shown = []
            for command, want in commands(match.group(1)):
                got = run(program, command)
                number += 1
                bad = got != want and not record
                failed += bad
                print(f"{'not ok' if bad else 'ok'} {number} - {path.name}: {command.splitlines()[0][:60]}")
                if bad:
                    print("# want: " + want.replace("\n", "\n#       "))
                    print("# got:  " + got.replace("\n", "\n#       "))
                shown.append("$ " + command + ("\n" + got if got else ""))
            return "```console\n" + "\n".join(shown) + "\n```"

        made = BLOCK.sub(block, text)
        if record:
            path.write_text(made, encoding="utf-8")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
