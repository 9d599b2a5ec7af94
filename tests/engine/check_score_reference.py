#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_score_reference.py ICTUS [SHARED]: `ictus score` against the reference scorer on simulated series.

Every number must agree to 1e-6; the RITA columns to 1e-9 where the reference has every size. Skipped
(exit 77) without the reference or numpy."""
import importlib
import json
import os
import subprocess
import sys
import tempfile

TOLERANCE = 1e-6
NAMES = (("regularity", "reg"), ("evidence_bursty", "sure"), ("evidence_memoryless", "rand"),
         ("persistence", "pers"), ("size", "size"))


def load(shared):
    """The reference's modules; None when they cannot be had."""
    folder = os.path.join(shared, "reference", "scorer")
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    try:
        return [importlib.import_module(m) for m in ("numpy", "gen", "reference", "baselines")]
    except ImportError as e:
        print("skipped: " + str(e))
        return None


def disturb(np, random, pair, index):
    """Times in microseconds and sizes, in one of the forms that logs have."""
    t = np.round(pair.ts * 1e6).astype(np.int64) + (index % 2) * 1_700_000_000_000_000
    if index % 5 == 1:
        t = t // 1_000_000 * 1_000_000
    sizes = [int(x) for x in pair.out]
    if index % 5 == 4:
        sizes = [None if random.random() < .5 else x for x in sizes]
    return t, sizes


def write_input(np, gen, path):
    random = np.random.default_rng(12)
    series, rows = [], []
    for i, pair in enumerate(gen.stream(12, 4, 300, 60)):
        t, sizes = disturb(np, random, pair, i)
        series.append((t, sizes))
        rows += ["k%d,%d.%06d,%s" % (i, a // 1000000, a % 1000000, "" if b is None else b)
                 for a, b in zip(t.tolist(), sizes)]
    random.shuffle(rows)
    with open(path, "w") as f:
        f.write("\n".join(["key,time,bytes"] + rows) + "\n")
    return series


def differences(got, t, sizes, reference):
    want = reference.reference(t, sizes)
    pairs = [("automation", got["automation"], want["automation"])]
    if want["E"] > 0:
        pairs += [(n, got[n], want[r]) for n, r in (("sleep_s", "sleep_s"), ("jitter", "jitter"))]
    elif got["sleep_s"] is not None or got["jitter"] is not None:
        yield "sleep_s and jitter are not null without evidence"
    pairs += [(n, got["sub"][n], want["sub"][r]) for n, r in NAMES]
    for name, a, b in pairs:
        if (a is None) != (b is None) or (a is not None and abs(a - b) > TOLERANCE):
            yield "%s is %r, not %r" % (name, a, b)


def rita_differences(np, got, t, sizes, baselines, window):
    if None in sizes or len(t) < 4:
        return
    order = np.argsort(t, kind="stable")
    want = baselines.rita(t[order] / 1e6, np.array(sizes)[order], T0=float(window[0]),
                          T=float(window[1] - window[0]), detail=True)
    have = got["rita"]
    have = [have[n] for n in ("score", "ts", "ds", "dur", "hist")] if have else [0.0] * 5
    if any(abs(a - b) > 1e-9 for a, b in zip(have, want)):
        yield "rita is %r, not %r" % (have, want)


def main():
    ictus = sys.argv[1]
    shared = os.environ.get("ICTUS_SHARED") or (sys.argv[2] if len(sys.argv) > 2 else "")
    modules = load(shared)
    if not modules:
        return 77
    np, gen, reference, baselines = modules
    # Python rounds halves of the decimal value; RITA rounds halves of the product away from zero.
    baselines.round = lambda x, n: float(np.floor(x * 1000 + .5) / 1000)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "series.csv")
        series = write_input(np, gen, path)
        run = subprocess.run([ictus, "score", "-q", path], stdout=subprocess.PIPE, check=True)
    lines = run.stdout.splitlines()
    all_t = np.concatenate([t for t, _ in series if len(t)])
    window = (int(all_t.min()) // 1000000, int(all_t.max()) // 1000000)
    wrong = 0
    for line in lines:
        got = json.loads(line)
        t, sizes = series[int(got["key"][1:])]
        for what in [*differences(got, t, sizes, reference),
                     *rita_differences(np, got, t, sizes, baselines, window)]:
            wrong += 1
            print("%s (%d events): %s" % (got["key"], len(t), what))
    expected = sum(len(t) > 0 for t, _ in series)
    print("%d series compared, %d differences" % (len(lines), wrong))
    return 0 if not wrong and len(lines) == expected else 1


sys.exit(main())
