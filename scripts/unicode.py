#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/base/unicode_tables.h from Python's copy of the Unicode database: case mappings of one
character to one character, and which characters are letters or digits."""
import unicodedata

LAST = 0x20000  # nothing above has case; letters above are ideographs, listed as one range


def runs(mapping):
    """(first, last, step, delta) of characters that map to themselves + delta; step 2: every other one."""
    found = []
    for code in sorted(mapping):
        delta = mapping[code] - code
        if found and found[-1][3] == delta:
            first, last, step, _ = found[-1]
            if code - last == step or (first == last and code - last in (1, 2)):
                found[-1] = (first, code, code - last, delta)
                continue
        found.append((code, code, 1, delta))
    return found


def case_table(name, convert):
    mapping = {}
    for code in range(0x80, LAST):
        other = convert(chr(code))
        if len(other) == 1 and ord(other) != code:
            mapping[code] = ord(other)
    print(f"static const case_run {name}[] = {{")
    for first, last, step, delta in runs(mapping):
        print(f"\t{{ {first:#x}, {last:#x}, {step}, {delta} }},")
    print("};")


def class_table(name, member):
    print(f"static const class_run {name}[] = {{")
    first = None
    for code in range(0x80, 0x110000 + 1):
        inside = code < 0x110000 and member(chr(code))
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            print(f"\t{{ {first:#x}, {code - 1:#x} }},")
            first = None
    print("};")


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Made by scripts/unicode.py from Unicode {unicodedata.unidata_version}. Beyond ASCII. */")
    print("/* clang-format off */")
    case_table("lower_runs", str.lower)
    case_table("upper_runs", str.upper)
    case_table("fold_runs", str.casefold)
    class_table("alnum_runs", lambda c: unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Nd")


main()
