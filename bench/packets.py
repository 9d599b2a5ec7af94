#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of captures against the programs that read them too, on the same file, in the same minute.

usage: packets.py BUILD_DIR [--bytes N] [--runs N]

Inputs go to bench/.cache and are kept. Of each program: wall seconds (median of the runs, in turn), CPU seconds, peak
memory, and the ratio to ictus. Peers that are not installed are left out (Debian: nfdump libndpi-bin tshark)."""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import bench

PAIRS = "conn | summarize n = count(), b = sum(orig_bytes) by ['id.orig_h'], ['id.resp_h'] | count"
FLOWS = 1_000_000
FIELDS = ["-T", "fields", "-e", "frame.time_epoch", "-e", "tls.handshake.ja3", "-e", "http.request.uri"]


def total(runs):
    """Processes one after the other."""
    return {"seconds": sum(r["seconds"] for r in runs), "cpu": sum(r["cpu"] for r in runs),
            "rss_kib": max(r["rss_kib"] for r in runs)}


def nfdump(capture):
    with tempfile.TemporaryDirectory(prefix="ictus-nf-") as folder:
        return total([bench.timed(["nfpcapd", "-r", capture, "-w", folder], "."),
                      bench.timed(["nfdump", "-R", folder, "-A", "srcip,dstip", "-o", "csv", "-q"], ".")])


def ndpi(capture):
    return bench.timed(["ndpiReader", "-i", capture, "-q"], ".")


def tshark(capture):
    return bench.timed(["tshark", "-r", capture, "-Y", "tls.handshake.type==1 || http.request", *FIELDS], ".")


def make(path, argv):
    """The output of a program, kept; or the file that it writes under the name {}."""
    if not os.path.exists(path):
        print("making %s ..." % os.path.basename(path), file=sys.stderr)
        part = path + ".part"
        with open(os.devnull if "{}" in argv else part, "wb") as out:
            subprocess.check_call([a.replace("{}", part) for a in argv], stdout=out, stderr=subprocess.DEVNULL)
        os.rename(part, path)
    return path


def web_capture(size):
    if not os.path.exists(bench.GENERATOR):
        return None
    program = os.path.join(bench.CACHE, "weblog_gen")
    if not os.path.exists(program):
        subprocess.check_call([os.environ.get("CC", "cc"), "-O3", "-w", "-o", program, bench.GENERATOR, "-lm"])
    rows = str(max(1000, size // 11765))
    return make(os.path.join(bench.CACHE, "web-%d.pcap" % size),
                [program, "--rows", rows, "--hosts", "300", "--dests", "20000", "--beacons", "30", "--pcap", "{}",
                 "--pcap-bytes", str(size)])


def compare(name, capture, runs, ours, peers):
    """ours: arguments; peers: (program that must be there, function, target)"""
    times = {p: [] for p, _, _ in peers if shutil.which(p)}
    own = []
    for _ in range(runs):
        own.append(bench.timed(ours + [capture], "."))
        for program, call, _ in peers:
            if program in times:
                times[program].append(call(capture))
    mine = {k: statistics.median(r[k] for r in own) for k in own[0]}
    print("%-14s %-12s %8.2f %8.2f %6.0f" % (name, "ictus", mine["seconds"], mine["cpu"], mine["rss_kib"] / 1024))
    for program, _, target in peers:
        if program not in times:
            print("%-14s %-12s not installed" % (name, program))
            continue
        other = {k: statistics.median(r[k] for r in times[program]) for k in mine}
        ratio = other["seconds"] / mine["seconds"]
        print("%-14s %-12s %8.2f %8.2f %6.0f %7.1fx target %gx%s, %.1fx of CPU" % (
            name, program, other["seconds"], other["cpu"], other["rss_kib"] / 1024, ratio, target,
            "" if ratio >= target else " MISSED", other["cpu"] / mine["cpu"]), flush=True)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("build")
    ap.add_argument("--bytes", type=int, default=2_000_000_000)
    ap.add_argument("--runs", type=int, default=3)
    a = ap.parse_args()
    os.makedirs(bench.CACHE, exist_ok=True)
    build = os.path.abspath(a.build)
    ictus = os.path.join(build, "ictus")
    web = web_capture(a.bytes)
    print("%-14s %-12s %8s %8s %6s %8s" % ("job", "program", "s", "CPU s", "MiB", "ratio"))
    if web:
        compare("pairs", web, a.runs, [ictus, "query", "-q", "-e", PAIRS], [("nfpcapd", nfdump, 4)])
        compare("fingerprints", web, a.runs, [ictus, "fingerprint", "-q"],
                [("ndpiReader", ndpi, 7), ("tshark", tshark, 80)])
    else:
        print("no generator of captures: only many connections are measured")
    subprocess.check_call(["ninja", "-C", build, "bench/make_flows"], stdout=subprocess.DEVNULL)
    many = make(os.path.join(bench.CACHE, "flows-%d.pcap" % FLOWS), [os.path.join(build, "bench", "make_flows"), str(FLOWS)])
    for size in ("256M", "2G"):
        r = bench.timed([ictus, "query", "-q", "--memory", size, "-e", PAIRS, many], ".")
        print("%-14s %-12s %8.2f %8.2f %6.0f" % ("1 M at once", size, r["seconds"], r["cpu"], r["rss_kib"] / 1024))
    return 0


if __name__ == "__main__":
    sys.exit(main())
