#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks for calls that the sources must not make. Prints each; exit status 1 if there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNBOUNDED = "strcpy strcat strncpy strncat sprintf vsprintf gets stpcpy strtok alloca".split()
LOCALE = "atoi atol atof sscanf setlocale gmtime localtime ctime asctime".split()
LENIENT = "strtod strtol strtoul strtoll strtoull".split()
UNSEEDED = "rand srand random srandom drand48".split()
SHELL = "system popen tmpnam mktemp".split()
HEAP = "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf".split()
TALKS = "printf vprintf puts putchar perror exit _exit abort signal".split()
# where a call is the point of the file
ALLOWED = {
    "src/base/alloc.c": set(HEAP),
    "src/base/num.c": {"strtod"},  # with the C locale set, for digits that need big arithmetic
    "src/engine/scan.c": {"strtoull"},  # of 16 hex digits, checked before
}


def without_comments_and_strings(text):
    """The same lines, with comments and literals blanked."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def banned_in(path):
    names = UNBOUNDED + LOCALE + UNSEEDED + SHELL
    if not path.startswith("src/cli/"):
        # the library counts its memory, never prints, never ends the program, and reads numbers with
        # base/num.h; the command line sees the public header only
        names = names + HEAP + LENIENT + TALKS
    return set(names) - ALLOWED.get(path, set())


def main():
    wrong = files = 0
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        files += 1
        name = str(path.relative_to(ROOT))
        calls = re.compile(r"(?<![\w.>])(" + "|".join(sorted(banned_in(name))) + r")\s*\(")
        for number, line in enumerate(without_comments_and_strings(path.read_text(encoding="utf-8")).splitlines(), 1):
            for match in calls.finditer(line):
                print(f"{name}:{number}: {match.group(1)}() is not used here")
                wrong += 1
    if not wrong:
        print(f"{files} files call nothing that is banned")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
