#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All checks of the project. Each build, each static check and each single test counts once.
The last line is `N passed, N failed, N skipped`; exit status 1 if one failed.

Usage: check.py [STEP...] with STEP of static, gcc, clang, asan, tsan (default: all)."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build-check"
TEST_LIMIT_S = 600
# these take longest and begin first, so that no processor waits for one of them in the end
LONGEST = ("engine/scan", "cli/golden", "engine/torture", "exec/spill", "exec/join_spill", "source/input", "exec/run")
# what runs threads; the rest would only be slow
THREADED = ("base/intern", "base/thread", "exec/", "source/input", "detect/observe", "detect/join", "engine/scan")
SAN = {"ASAN_OPTIONS": "handle_segv=2:detect_leaks=1:abort_on_error=0:allocator_may_return_null=1",
       "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
       "TSAN_OPTIONS": "halt_on_error=1"}


class Count:
    passed = failed = skipped = 0
    failures = []

    @classmethod
    def add(cls, ok, name, output=""):
        if ok:
            cls.passed += 1
        else:
            cls.failed += 1
            cls.failures.append(name)
            print(f"FAILED {name}\n{tail(output)}".rstrip(), flush=True)


def say(text):
    print(text, flush=True)


def tail(text):
    """The end of a program's output, long lines cut."""
    return "\n".join(line[:300] for line in text.splitlines()[-80:])


def run(command, env=None, timeout=None, cwd=ROOT):
    """(status, stdout, stderr)"""
    try:
        done = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout, check=False)
    except FileNotFoundError:
        return 127, "", f"{command[0]} is not there"
    except subprocess.TimeoutExpired as late:
        return -1, (late.stdout or b"").decode(errors="replace"), f"longer than {timeout} s"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def static_check(name, command):
    status, out, err = run(command)
    Count.add(status == 0, name, out + err)


def sources():
    out = run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"])[1].split()
    return [name for name in out if (ROOT / name).exists()]


def fuzz_is_whole():
    """Every harness is in fuzz/meson.build and has a corpus."""
    listed = re.search(r"fuzz_names = \[(.*?)\]", (ROOT / "fuzz/meson.build").read_text(), re.S).group(1)
    listed = set(re.findall(r"'([^']+)'", listed))
    wrong = []
    for path in sorted((ROOT / "fuzz").glob("fuzz_*.c")):
        name = path.stem[len("fuzz_"):]
        corpus = ROOT / "fuzz/corpus" / name
        if name not in listed:
            wrong.append(f"{name} is not in fuzz/meson.build")
        if not corpus.is_dir() or not any(corpus.iterdir()):
            wrong.append(f"fuzz/corpus/{name} is empty")
    Count.add(not wrong, "fuzz harnesses are complete", "\n".join(wrong))


def static():
    say("== static checks")
    static_check("layers", [sys.executable, "scripts/layers.py"])
    static_check("banned calls", [sys.executable, "scripts/banned.py"])
    static_check("format", ["clang-format", "--dry-run", "--Werror", *sources()])
    fuzz_is_whole()


def tests_of(name, only=("",)):
    """The tests of a build whose names begin with one of `only`, the longest first; None: they are not known."""
    status, out, err = run(["meson", "introspect", "--tests", str(BUILDS / name)])
    if status != 0:
        Count.add(False, f"{name}: list of tests", out + err)
        return None
    listed = [test for test in json.loads(out) if test["name"].startswith(only)]
    return sorted(listed, key=lambda test: LONGEST.index(test["name"]) if test["name"] in LONGEST else len(LONGEST))


def build(name, cc, options, only=None):
    """All of it, or the programs of the tests `only`."""
    folder = BUILDS / name
    if not (folder / "build.ninja").exists():
        status, out, err = run(["meson", "setup", str(folder), "-Dwerror=true", *options], env={"CC": cc})
        if status != 0:
            Count.add(False, f"{name}: configure", out + err)
            return False
    targets = []
    if only:
        targets = [os.path.relpath(test["cmd"][0], folder) for test in tests_of(name, only) or []]
    status, out, err = run(["ninja", "-k", "0", "-C", str(folder), *targets])
    Count.add(status == 0, f"{name}: build without a warning", out + err)
    return True  # what could be built is tested


def count_tap(label, status, out, err):
    """One count a test point; a program that ends otherwise than its points say is a failure of its own."""
    points = re.findall(r"^(not ok|ok) \d+(?: - |\s*)(.*)$", out, re.M)
    failed = 0
    for verdict, what in points:
        if re.search(r"#\s*skip", what, re.I):
            Count.skipped += 1
        else:
            failed += verdict != "ok"
            Count.add(verdict == "ok", f"{label}: {what}")
    if not points and status == 77:
        Count.skipped += 1
    elif not points:
        Count.add(status == 0, label, out + err)
    elif status != 0 and not failed:
        Count.add(False, f"{label}: exit status {status}", out + err)
    elif failed:
        say(tail(out + err))


def tests(name, env=None, only=("",)):
    """Runs the tests of a build whose names begin with one of `only`."""
    listed = tests_of(name, only)
    if listed is None:
        return

    def one(test):
        begun = time.monotonic()
        settings = {**(env or {}), **test["env"], "CMOCKA_MESSAGE_OUTPUT": "TAP"}
        result = run(test["cmd"], settings, TEST_LIMIT_S, test["workdir"] or BUILDS / name)
        return result, time.monotonic() - begun

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for test, (result, seconds) in zip(listed, pool.map(one, listed)):
            if seconds > 20:
                say(f"   {test['name']}: {seconds:.0f} s")
            count_tap(f"{name} {test['name']}", *result)


def gcc():
    say("== gcc")
    if build("gcc", "gcc", []):
        tests("gcc")


def clang():
    say("== clang")
    build("clang", "clang", [])


def asan():
    say("== address and undefined-behaviour sanitizers")
    options = ["-Db_sanitize=address,undefined", "--buildtype=debugoptimized"]
    if build("asan", "gcc", options):
        tests("asan", SAN)


def tsan():
    say("== thread sanitizer")
    if build("tsan", "gcc", ["-Db_sanitize=thread", "--buildtype=debugoptimized"], THREADED):
        tests("tsan", SAN, THREADED)


STEPS = {"static": static, "gcc": gcc, "clang": clang, "asan": asan, "tsan": tsan}


def main():
    begun = time.monotonic()
    for step in sys.argv[1:] or STEPS:
        STEPS[step]()
    if Count.failures:
        say("\nfailed:")
        for name in Count.failures:
            say(f"  {name}")
    say(f"{time.monotonic() - begun:.0f} s")
    say(f"{Count.passed} passed, {Count.failed} failed, {Count.skipped} skipped")
    return 1 if Count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
