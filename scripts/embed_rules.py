#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the files of rules/ into a C table. Usage: embed_rules.py OUT.c FILE..."""
import pathlib
import sys


def quote(text):
    """A C string literal a line, printable ASCII as it is, the rest as octal."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char == "\n":
            out.append('\\n"\n\t  "')
        elif char in '"\\?':
            out.append("\\" + char)
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append("\\%03o" % byte)
    return '"' + "".join(out) + '"'


def main():
    target, paths = sys.argv[1], sorted(sys.argv[2:], key=lambda p: pathlib.Path(p).name)
    with open(target, "w", encoding="ascii") as out:
        out.write('/* Made from rules/: do not edit. */\n#include "engine/rules.h"\n\n')
        out.write("const ic_rule_text ic_rules_built_in[] = {\n")
        for path in paths:
            text = pathlib.Path(path).read_text(encoding="utf-8")
            out.write("\t{ %s,\n\t  %s },\n" % (quote(pathlib.Path(path).name), quote(text)))
        out.write("\t{ 0 },\n};\n")


main()
