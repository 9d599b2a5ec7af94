#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a list of data/ into a C table, sorted by the first byte of the patterns in lower case. Usage: embed_list.py LIST.tsv SYMBOL KINDS CATEGORIES OUT.c
The list is checked here, so that a bad line fails the build with its number."""
import re
import sys


def quote(text):
    """A C string literal: printable ASCII as it is, the rest as octal."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\?':
            out.append("\\" + char)
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append("\\%03o" % byte)
    return '"' + "".join(out) + '"'


def first_byte(row):
    return row[0].lower().encode()[0]


def main():
    path, symbol, kinds, categories, target = sys.argv[1:]
    kinds, categories = kinds.split(","), categories.split(",")
    version, rows, seen = "", [], set()
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            found = re.match(r"# version: (\d{4}-\d\d-\d\d)$", line)
            if found:
                version = found.group(1)
            if not line or line.startswith("# "):
                continue
            cells = line.split("\t")
            if len(cells) != 5 or not all(cells):
                sys.exit("%s:%d: five non-empty columns are needed" % (path, number))
            pattern, kind, category, added, reason = cells
            if kind not in kinds or category not in categories:
                sys.exit("%s:%d: unknown kind or category" % (path, number))
            if not re.match(r"\d{4}-\d\d-\d\d$", added):
                sys.exit("%s:%d: the date is not YYYY-MM-DD" % (path, number))
            if (pattern.lower(), kind) in seen:
                sys.exit("%s:%d: the pattern is listed twice" % (path, number))
            seen.add((pattern.lower(), kind))
            rows.append((pattern, kinds.index(kind), categories.index(category), len(rows), added, reason))
    if not version:
        sys.exit("%s: no line '# version: YYYY-MM-DD'" % path)
    with open(target, "w", encoding="ascii") as out:
        out.write('/* Made from %s: do not edit. */\n#include "detect/listed.h"\n\n' % path.split("/")[-1])
        out.write("const char %s_version[] = %s;\n" % (symbol, quote(version)))
        out.write("const ic_listed %s[] = {\n" % symbol)
        rows.sort(key=first_byte)
        for pattern, kind, category, place, added, reason in rows:
            out.write("\t{ %s, %d, %d, %d, %s, %s },\n" % (quote(pattern), kind, category, place, quote(added), quote(reason)))
        out.write("};\nconst unsigned %s_from[] = {\n" % symbol)
        for byte in range(257):
            out.write("\t%d,\n" % sum(first_byte(row) < byte for row in rows))
        out.write("};\n")


main()
