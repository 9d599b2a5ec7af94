#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns data/lowering_names.txt into C: an array a section. Usage: embed_names.py LIST.txt OUT.c
The list is checked here, so that a bad line fails the build with its number."""
import re
import sys


def main():
    path, target = sys.argv[1:]
    sections, seen = {}, set()
    names = None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("# "):
                continue
            section = re.fullmatch(r"\[([a-z-]+)\]", line)
            if section and section.group(1) not in sections:
                names = sections[section.group(1)] = []
                seen = set()
            elif names is None or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", line):
                sys.exit("%s:%d: neither a new [section] nor a domain in lower case" % (path, number))
            elif line in seen:
                sys.exit("%s:%d: the name is listed twice" % (path, number))
            else:
                seen.add(line)
                names.append(line)
    with open(target, "w", encoding="ascii") as out:
        out.write('/* Made from %s: do not edit. */\n#include "detect/run.h"\n' % path.split("/")[-1])
        for section, names in sections.items():
            out.write("\nconst char *const ic_names_%s[] = {\n" % section.replace("-", "_"))
            out.writelines('\t"%s",\n' % name for name in names)
            out.write("\tNULL,\n};\n")


main()
