#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what the program reads in captures with what other programs have read in them.

Usage: packets.py ICTUS [--only fingerprints|zeek] [--file NAME] [-v]
The captures and the expected results lie outside of the source tree: in $ICTUS_SHARED/data, else in
../shared/data beside it; without them the test is skipped. --file: only captures whose path holds NAME.
-v: every difference, also those that are explained.
packets.json has the floors, the differences that are known, each with its reason and who is right, and rows that
cannot be compared. Rows of one log that are equal but for their uid count once.
Exit status 1 if a rate is under its floor, something differs without a reason, or an explained difference is
none any more; 77 if there is nothing to run."""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMIT_S = 120
SKIPPED = 77


def data_folder():
    for folder in (os.environ.get("ICTUS_SHARED"), ROOT.parent / "shared"):
        if folder and (pathlib.Path(folder) / "data").is_dir():
            return pathlib.Path(folder) / "data"
    return None


def run(program, *args):
    """The rows of one run. A capture with bad packets still counts."""
    done = subprocess.run([program, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S,
                          check=False)
    if done.returncode not in (0, 4):
        raise RuntimeError(f"{args}: status {done.returncode}: {done.stderr.decode(errors='replace')[:500]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Results:
    """Counts of one kind, and its differences by key."""

    def __init__(self, name, known, left_out):
        self.name, self.known, self.left_out = name, known, left_out
        self.same = collections.Counter()
        self.all = collections.Counter()
        self.differences = {}
        self.passed = {}

    def add(self, group, key, why):
        pattern, reason = explained(self.left_out, key)
        if why and pattern:
            self.passed[key] = (pattern, reason)
            return
        self.all[group] += 1
        if why:
            self.differences[key] = why
        else:
            self.same[group] += 1


def explained(reasons, key):
    """The first pattern that fits, and its reason."""
    for pattern, reason in reasons.items():
        if re.fullmatch(pattern, key):
            return pattern, reason
    return None, None


# ---- fingerprints ----------------------------------------------------------------------

def walk(node, found):
    """All values of keys that are fingerprints, however deep."""
    if isinstance(node, dict):
        for key, value in node.items():
            kind = re.fullmatch(r"(?:ja4\.)?(ja3s?|ja4)(?:\.\d+)?", key, re.I)
            if kind and isinstance(value, (str, list)):
                found[kind.group(1).lower()].update([value] if isinstance(value, str) else value)
            else:
                walk(value, found)
    elif isinstance(node, list):
        for value in node:
            walk(value, found)


def expected_of(path):
    found = collections.defaultdict(set)
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".snap":
        for kind, value in re.findall(r"^\s*-?\s*(ja4): (\S+)$", text, re.M):
            found[kind].add(value)
    else:
        walk(json.loads(text), found)
    for values in found.values():
        values.discard("")
    return found


def fingerprint_sources(data):
    """(set of outputs, capture, file with what is expected)"""
    ja4, arkime = data / "ja4", data / "arkime" / "pcap"
    for source, folder, name in (("ja4-python", ja4 / "python/test/testdata", "{}.json"),
                                 ("ja4-rust", ja4 / "rust/ja4/src/snapshots", "ja4__insta@{}.snap")):
        for capture in sorted((ja4 / "pcap").iterdir()):
            yield source, capture, folder / name.format(capture.name)
    for capture in sorted(arkime.iterdir()):
        if capture.suffix in (".pcap", ".pcapng"):
            yield "arkime", capture, capture.with_suffix(".test")


def fingerprints(program, data, only, results):
    ours = {}
    for source, capture, expected in fingerprint_sources(data):
        if not expected.exists() or only not in str(capture):
            continue
        if capture not in ours:
            ours[capture] = collections.defaultdict(set)
            for row in run(program, "fingerprint", "-q", str(capture)):
                for kind in ("ja3", "ja3s", "ja4"):
                    ours[capture][kind].update([row[kind]] if row[kind] else [])
                ours[capture]["ja4"].update(row["ja4_alt"] or [])
        for kind, values in sorted(expected_of(expected).items()):
            for value in sorted(values):
                results.add(f"{source} {kind}", f"{source}/{capture.name} {kind} {value}",
                            "" if value in ours[capture][kind] else "missing")


# ---- Zeek's logs -----------------------------------------------------------------------

ID = {"id.orig_h": "src_ip", "id.orig_p": "src_port", "id.resp_h": "dst_ip", "id.resp_p": "dst_port"}
TABLES = {
    "conn": {"proto": "transport", "service": "service", "duration": "duration_s", "orig_bytes": "bytes_out",
             "resp_bytes": "bytes_in", "conn_state": "conn_state", "orig_pkts": "packets_out",
             "orig_ip_bytes": "ip_bytes_out", "resp_pkts": "packets_in", "resp_ip_bytes": "ip_bytes_in",
             "community_id": "community_id"},
    "http": {"method": "method", "host": "host", "uri": "uri", "referrer": "referrer",
             "user_agent": "user_agent", "request_body_len": "request_body_bytes",
             "response_body_len": "response_body_bytes", "status_code": "status"},
    "ssl": {"version": "tls_version", "server_name": "sni", "next_protocol": "alpn",
            "subject": "cert_subject", "issuer": "cert_issuer", "ja3": "ja3", "ja3s": "ja3s"},
    "quic": {"server_name": "sni"},
    "websocket": {"host": "host", "uri": "uri", "user_agent": "user_agent"},
}
# Our tables where they have other names: an upgrade to WebSocket is a row of its own.
OURS = {"quic": ("ssl",), "http": ("http", "websocket")}
UNCOUNTED = {"orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes"}  # by Zeek without its usual scripts
SERVICES = {"websocket": "websocket", "quic": "quic", "http": "http", "ssl": "tls"}


def zeek_service(value):
    """The one of Zeek's list that we would name; None: a protocol that is not read."""
    names = value.split(",")
    for zeek, name in SERVICES.items():
        if zeek in names:
            return name
    return None


def read_baseline(path):
    """(fields, rows); fields empty when the file does not name them."""
    fields, rows = [], []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("#fields"):
            fields = line.split("\t")[1:]
        elif line.startswith("{"):
            row = json.loads(line.replace("XXXXXXXXXX.XXXXXX", "0"))
            rows.append({k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()})
        elif line and not line.startswith("#"):
            cells = line.split("\t")
            if not fields and not rows and "id.orig_h" in cells:
                fields = cells
            elif fields and len(cells) == len(fields):
                rows.append(dict(zip(fields, cells)))
    return rows


def unescape(text):
    """Zeek's own escapes, as of bytes that its logs cannot hold."""
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m.group(1), 16)]),
                  text.encode()).decode(errors="replace")


def differs(field, zeek, ours):
    if field == "service":
        want = zeek_service(zeek)
        return want is not None and want != ours
    if zeek == "-" and field in UNCOUNTED:
        return False
    if zeek in ("-", "(empty)", ""):
        return ours not in (None, "", 0)
    if ours is None:
        return zeek not in ("0",)
    if field == "duration":
        return abs(float(zeek) - ours) > 2e-6
    if isinstance(ours, (int, float)):
        return zeek != str(ours)
    if field == "uri":  # Zeek writes it without the escapes of URIs, with its own
        plain = urllib.parse.unquote(ours)
        return plain not in (urllib.parse.unquote(unescape(zeek)), zeek, zeek.replace("\\\\", "\\"))
    return unescape(zeek) != unescape(ours)


def best_match(row, rows, fields):
    """The row of ours that is nearest among those of the same addresses, and how it differs."""
    best, why = None, ["no such row"]
    for i, mine in enumerate(rows):
        if mine is None or any(z in row and differs(z, row[z], mine[o]) for z, o in ID.items()):
            continue
        wrong = [f"{z}: Zeek {row[z]}, here {mine[o]}" for z, o in fields.items()
                 if z in row and differs(z, row[z], mine[o])]
        if best is None or len(wrong) < len(why):
            best, why = i, wrong
        if not wrong:
            break
    return best, why


def zeek_baselines(data, only):
    """(baseline, table, captures)"""
    folder = data / "zeek_btest"
    for line in (folder / "MAP.tsv").read_text().splitlines()[1:]:
        test, traces, logs = line.split("\t")
        name = test.rsplit(".", 1)[0].replace("/", ".")
        captures = [folder / "Traces" / t for t in traces.split(",")]
        if only and not any(only in str(c) for c in captures) and only not in name:
            continue
        for log in logs.split(","):
            path = folder / "Baseline" / name / log
            table = re.match(r"[a-z]+", log).group(0)
            if path.exists() and table in TABLES:
                yield path, table, captures


def zeek(program, data, only, results):
    for path, table, captures in zeek_baselines(data, only):
        baseline = read_baseline(path)
        fields = TABLES[table]
        ours = []
        for capture in captures:
            for name in OURS.get(table, (table,)):
                ours += run(program, "convert", "-q", "--ports", "all", "--table", name, "--fields",
                            ",".join([*ID.values(), *fields.values()]), str(capture))
        rows = {n: r for n, r in enumerate(baseline, 1) if "id.orig_h" in r or (table != "conn" and "host" in r)}
        rows = {n: r for n, r in rows.items() if r.get("proto") != "unknown_transport"}
        seen = set()
        # Equal ones first: what is left is compared with what is left.
        for last in (False, True):
            for number, row in list(rows.items()):
                at, why = best_match(row, ours, fields)
                if why and not last:
                    continue
                if at is not None:
                    ours[at] = None
                del rows[number]
                said = tuple(row.get(f) for f in (*ID, *fields)) + tuple(why)
                if said in seen:
                    continue
                seen.add(said)
                results.add(f"zeek {table}", f"{path.parent.name}/{path.name} {number}", "; ".join(why))


# ---- the whole --------------------------------------------------------------------------

def say(results, floors, verbose):
    """Prints the rates; (what is wrong, patterns that explained something)."""
    wrong = 0
    used = {pattern for pattern, _ in results.passed.values()}
    for key, why in sorted(results.differences.items()):
        pattern, reason = explained(results.known, key)
        used.add(pattern)
        wrong += reason is None
        if reason is None or verbose:
            print(f"  {key}: {why}" + (f" ({reason})" if reason else ""))
    for key, (_, reason) in sorted(results.passed.items()):
        if verbose:
            print(f"  {key}: not compared ({reason})")
    for group, total in sorted(results.all.items()):
        rate = results.same[group] / total
        floor = floors.get(group, 1.0)
        print(f"{group}: {results.same[group]} of {total} ({100 * rate:.1f} %, floor {100 * floor:.0f} %)")
        wrong += rate < floor
    print(f"{results.name}: {len(results.differences)} differ, {len(results.passed)} not compared")
    return wrong, used


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--only", choices=("fingerprints", "zeek"))
    parser.add_argument("--file", default="")
    parser.add_argument("-v", action="store_true", dest="verbose")
    args = parser.parse_args()
    data = data_folder()
    if not data:
        print("skipped: no shared data")
        return SKIPPED
    listed = json.loads((HERE / "packets.json").read_text(encoding="utf-8"))
    wrong = 0
    for name, compare in (("fingerprints", fingerprints), ("zeek", zeek)):
        if args.only in (None, name):
            results = Results(name, listed["known"][name], listed["not compared"] if name == "zeek" else {})
            compare(args.program, data, args.file, results)
            more, used = say(results, listed["floors"], args.verbose)
            stale = [] if args.file else [p for p in (*results.known, *results.left_out) if p not in used]
            for pattern in stale:
                print(f"  no such difference any more: {pattern}")
            wrong += more + len(stale)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
