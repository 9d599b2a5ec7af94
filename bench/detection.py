#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well timing alone tells simulated C2 from people: the score of ictus and that of RITA v5, on the same pairs.

usage: detection.py BUILD_DIR [--seeds N] [--hosts N] [--days N]

Every seed is a network of its own: one implant of each C2 profile of `ictus simulate` (see --list), and people who
browse. A pair is a source, a destination and a port, with its connections; both scores come from `ictus score`. What
RITA does not score counts as 0. Printed are, for a share of the pairs of people that would be reported wrongly, the
share of implants that would be reported; how many pairs of people are reported where nine of ten implants are; and the
share of each profile."""
import argparse
import concurrent.futures
import csv
import json
import os
import subprocess
import sys
import tempfile

SERIES = ("conn | project key = strcat(['id.orig_h'], ' ', ['id.resp_h'], ' ', ['id.resp_p']), time = ts,"
          " bytes = orig_bytes")


def profiles(ictus):
    """The profiles of C2 and of people."""
    lines = subprocess.check_output([ictus, "simulate", "--list"], text=True).splitlines()
    return [line.split()[0] for line in lines if line.split()[1] in ("c2", "human")]


def network(ictus, names, seed, hosts, days):
    """(group, profile, score of ictus, score of RITA) of every pair."""
    with tempfile.TemporaryDirectory(prefix="ictus-detection-") as folder:
        subprocess.check_call([ictus, "simulate", "-q", "--profiles", ",".join(names), "--hosts", str(hosts),
                               "--days", str(days), "--seed", str(seed), folder])
        query = subprocess.Popen([ictus, "query", "-q", "--format", "csv", "-e", SERIES,
                                  os.path.join(folder, "conn.log")], stdout=subprocess.PIPE)
        scored = subprocess.run([ictus, "score", "-q"], stdin=query.stdout, stdout=subprocess.PIPE, text=True, check=True)
        query.stdout.close()
        if query.wait():
            raise SystemExit("the query failed")
        score = {}
        for line in scored.stdout.splitlines():
            row = json.loads(line)
            score[row["key"]] = row["automation"] or 0, row["rita"]["score"] if row["rita"] else 0
        with open(os.path.join(folder, "truth.tsv"), newline="") as truth:
            # of a series that goes round several addresses, the pair with the first of them
            return [(row["group"], row["profile"],
                     *score[" ".join((row["src"], row["dst"].split(";")[0], row["port"]))])
                    for row in csv.DictReader(truth, delimiter="\t")]


def threshold(people, share):
    """The score above which at most this share of the people lies. people: descending."""
    return people[int(share * len(people))]


def recall(c2, above):
    return sum(s > above for s in c2) / len(c2)


def wrong(c2, people, found):
    """How many people are reported where this share of the implants is."""
    at = sorted(c2, reverse=True)[round(found * len(c2)) - 1]
    return sum(s >= at for s in people)


def report(c2, people):
    """c2: {profile: [(ictus, RITA)]}; people: [(ictus, RITA)]"""
    def line(name, form, values):
        print("%-44s" % name, *("%8s" % (form % v) for v in values))

    every = [pair for pairs in c2.values() for pair in pairs]
    ranked = [sorted((p[k] for p in people), reverse=True) for k in (0, 1)]
    print("%d implants, %d pairs of people" % (len(every), len(people)))
    print("%-44s %8s %8s" % ("", "ictus", "RITA v5"))
    for share in (1e-3, 1e-4):
        line("recall, 1 of %d pairs wrong" % round(1 / share), "%.3f",
             [recall([p[k] for p in every], threshold(ranked[k], share)) for k in (0, 1)])
    line("pairs of people reported at recall 0.9", "%d", [wrong([p[k] for p in every], ranked[k], 0.9) for k in (0, 1)])
    for profile, pairs in c2.items():
        line("  %s, 1 of 1000 wrong" % profile, "%.3f",
             [recall([p[k] for p in pairs], threshold(ranked[k], 1e-3)) for k in (0, 1)])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("build")
    ap.add_argument("--seeds", type=int, default=100)
    ap.add_argument("--hosts", type=int, default=80)
    ap.add_argument("--days", type=float, default=1)
    a = ap.parse_args()
    ictus = os.path.join(os.path.abspath(a.build), "ictus")
    names = profiles(ictus)
    c2, people = {}, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for pairs in pool.map(lambda seed: network(ictus, names, seed, a.hosts, a.days), range(1, a.seeds + 1)):
            for group, profile, ours, rita in pairs:
                (people if group == "human" else c2.setdefault(profile, [])).append((ours, rita))
    report(c2, people)
    return 0


if __name__ == "__main__":
    sys.exit(main())
