#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks against DuckDB on the same job, the same file, in the same minute: the group-by of the seeds' job as a
KQL query, the full scan with scores against that group-by, the seeds themselves, and general queries.

usage: bench.py BUILD_DIR [--rows N] [--runs N] [--only NAME,...]

Inputs go to bench/.cache and are kept. Every row of the table: wall seconds (median of the runs, the
two programs in turn), CPU seconds, peak memory, and the ratio DuckDB / ictus. Both must give the
same groups, or the row says DIFFERENT and the exit status is 1."""
import argparse, gzip, ipaddress, json, os, shutil, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(HERE, ".cache")
SEEDS = [os.path.join(HERE, "..", "..", "shared", "seeds", "seed." + l) for l in ("kql", "aql")]
NEWEST = "2024-05-01T23:59:59.9086890Z"  # of the generated day, so that the seeds need not look for it
GENERATOR = os.path.join(HERE, "..", "..", "shared", "reference", "loggen", "weblog_gen.c")

PRIVATE = " OR ".join(
    ["d LIKE '10.%'", "d LIKE '192.168.%'", "d LIKE '127.%'", "d LIKE '169.254.%'", "d LIKE 'fd%:%'", "d LIKE 'fe80:%'"]
    + ["d LIKE '172.%d.%%'" % i for i in range(16, 32)])

CONN_TYPES = [("ts", "DOUBLE"), ("uid", "VARCHAR"), ("s", "VARCHAR"), ("sp", "INTEGER"), ("d", "VARCHAR"), ("p", "INTEGER"),
              ("proto", "VARCHAR"), ("service", "VARCHAR"), ("duration", "DOUBLE"), ("ob", "BIGINT"), ("rb", "BIGINT"),
              ("conn_state", "VARCHAR"), ("lo", "VARCHAR"), ("lr", "VARCHAR"), ("mb", "BIGINT"), ("history", "VARCHAR"),
              ("op", "BIGINT"), ("oib", "BIGINT"), ("rp", "BIGINT"), ("rib", "BIGINT"), ("tp", "VARCHAR")]


def tsv(path):
    columns = ", ".join("'%s': '%s'" % c for c in CONN_TYPES)
    return ("(SELECT ts, s, d, p, proto, ob, rb FROM read_csv('%s', delim='\t', header=false, quote='', escape='', "
            "nullstr='-', comment='#', auto_detect=false, columns={%s}))" % (path, columns))


def ndjson(path):
    return ("(SELECT ts, \"id.orig_h\" s, \"id.resp_h\" d, \"id.resp_p\" p, proto, orig_bytes ob, resp_bytes rb FROM "
            "read_json('%s', format='newline_delimited', columns={ts: 'DOUBLE', 'id.orig_h': 'VARCHAR', 'id.resp_h': "
            "'VARCHAR', 'id.resp_p': 'INTEGER', proto: 'VARCHAR', orig_bytes: 'BIGINT', resp_bytes: 'BIGINT'}))" % path)


def eve(path):
    return ("(SELECT epoch_us(flow.start::TIMESTAMP) / 1e6 ts, src_ip s, dest_ip d, dest_port p, lower(proto) proto, "
            "0 ob, 0 rb FROM read_json('%s', format='newline_delimited', columns={event_type: 'VARCHAR', src_ip: "
            "'VARCHAR', dest_ip: 'VARCHAR', dest_port: 'INTEGER', proto: 'VARCHAR', flow: "
            "'STRUCT(start VARCHAR, bytes_toserver BIGINT, bytes_toclient BIGINT)'}) WHERE event_type = 'flow')" % path)


def job(table):
    """The seed's job: web ports, public destinations, more than 15 connections, mean interval 1..900 s."""
    return ("SELECT s, d, p, proto, count(*) n, coalesce(sum(ob), 0)::BIGINT, coalesce(sum(rb), 0)::BIGINT, "
            "printf('%%.3f', (max(ts) - min(ts)) / (count(*) - 1)) FROM %s WHERE p IN (80, 443, 8080, 8443) AND NOT (%s) "
            "GROUP BY s, d, p, proto HAVING count(*) > 15 AND (max(ts) - min(ts)) / (count(*) - 1) BETWEEN 1 AND 900"
            % (table, PRIVATE))


JOB = """DeviceNetworkEvents
| where RemotePort in (80, 443, 8080, 8443) and RemoteIPType == "Public"
| summarize n = count(), sent = sum(SentBytes), received = sum(ReceivedBytes), begun = min(Timestamp), ended = max(Timestamp)
    by LocalIP, RemoteIP, RemotePort, Protocol
| where n > 15
| extend mean = (ended - begun) / 1s / (n - 1)
| where mean between (1.0 .. 900.0)
| project LocalIP, RemoteIP, RemotePort, tolower(Protocol), n, sent, received, mean
"""

# name, KQL, what DuckDB runs, input; each over the ten million connections
QUERIES = [
    ("filter, project",
     "conn | where ['id.resp_p'] == 443 and resp_bytes > 5000000 | project uid, resp_bytes",
     "SELECT uid, rb FROM {conn} WHERE p = 443 AND rb > 5000000", ["conn.log"]),
    ("by text, dcount",
     "conn | summarize n = count(), d = dcount(['id.resp_h']) by conn_state",
     "SELECT conn_state, count(*), count(DISTINCT d) FROM {conn} GROUP BY conn_state", ["conn.log"]),
    ("join on uid",
     "conn | where resp_bytes > 1000000 | project uid, resp_bytes | join kind=inner (conn | where ['id.resp_p'] == 443 | "
     "project uid, proto) on uid | summarize n = count(), b = sum(resp_bytes) by proto",
     "SELECT proto, count(*), sum(a.rb)::BIGINT FROM (SELECT uid, rb FROM {conn} WHERE rb > 1000000) a JOIN "
     "(SELECT uid, proto FROM {conn} WHERE p = 443) b USING (uid) GROUP BY proto", ["conn.log"]),
    ("top by percentile",
     "conn | summarize p = percentile(resp_bytes, 95) by ['id.orig_h'] | top 10 by p",
     "SELECT s, quantile_disc(rb, 0.95) q FROM {conn} GROUP BY s ORDER BY q DESC LIMIT 10", ["conn.log"]),
    ("mv-expand",
     "visits | mv-expand peer = peers to typeof(string) | summarize n = count() by peer | where n > 1000",
     "SELECT peer, count(*) FROM (SELECT unnest(peers) peer FROM read_json('visits.json', format='newline_delimited', "
     "columns={peers: 'VARCHAR[]'})) GROUP BY peer HAVING count(*) > 1000", ["--table", "visits=visits.json"]),
]


def conn(path):
    columns = ", ".join("'%s': '%s'" % c for c in CONN_TYPES)
    return ("read_csv('%s', delim='\t', header=false, quote='', escape='', nullstr='-', comment='#', auto_detect=false, "
            "columns={%s})" % (path, columns))


WORKLOADS = [  # name, files, SQL table, target of the group-by, target of the scan with scores (against the TSV group-by)
    ("tsv", ["conn.log"], tsv("conn.log"), 10, 5),
    ("ndjson", ["conn.json"], ndjson("conn.json"), 5, 3),
    ("eve", ["eve.json"], eve("eve.json"), 5, None),
    ("tsv.gz", ["conn.log.gz"], tsv("conn.log.gz"), 4, 3),
    ("tsv.gz x24", ["hours"], tsv("hours/*.gz"), 4, None),
]


def run(argv, cwd, out):
    p = subprocess.run(argv, cwd=cwd, stdout=out, stderr=subprocess.PIPE, text=True)
    if p.returncode not in (0, 1):
        sys.exit("%s failed (%d): %s" % (argv[0], p.returncode, p.stderr[-2000:]))
    return json.loads([l for l in p.stderr.splitlines() if l.startswith("{")][-1])


def timed(argv, cwd, out=os.devnull):
    """A whole process: wall, CPU and peak memory from the operating system."""
    start = time.monotonic()
    with open(out, "w") as to, open(os.devnull, "w") as null:
        p = subprocess.Popen(argv, cwd=cwd, stdout=to, stderr=null)
        _, status, use = os.wait4(p.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit("%s failed" % " ".join(argv))
    return {"seconds": time.monotonic() - start, "cpu": use.ru_utime + use.ru_stime, "rss_kib": use.ru_maxrss}


def middle(results):
    return {k: statistics.median(r[k] for r in results) for k in ("seconds", "cpu", "rss_kib")}


def rows_of(path):
    """Sorted rows, addresses in one spelling: DuckDB keeps the log's, ictus writes the canonical one; means rounded."""
    def row(line):
        cells = line.split(",")
        return [str(ipaddress.ip_address(c)) for c in cells[:2]] + cells[2:-1] + ["%.3f" % float(cells[-1])]
    with open(path) as f:
        return sorted(row(l.strip()) for l in f if l[0].isdigit())


def same_rows(a, b):
    """The same rows in any order, numbers as numbers."""
    def cell(text):
        try:
            return "%.6g" % float(text)
        except ValueError:
            return text.strip('"')
    def rows(path):
        with open(path) as f:
            return sorted([cell(c) for c in l.strip().split(",")] for l in f if l.strip())
    return rows(a) == rows(b)


def split_hours(src, folder, rows):
    os.makedirs(folder, exist_ok=True)
    lines = [l for l in open(src) if not l.startswith("#")]
    head = "".join(l for l in open(src).readlines(4096) if l.startswith("#"))
    step = (len(lines) + 23) // 24
    for i in range(24):
        with gzip.open(os.path.join(folder, "conn.%02d.log.gz" % i), "wt", compresslevel=6) as f:
            f.write(head)
            f.writelines(lines[i * step:(i + 1) * step])


def inputs(rows, build):
    folder = os.path.join(CACHE, "rows-%d" % rows)
    if os.path.exists(os.path.join(folder, "done")):
        return folder
    os.makedirs(folder, exist_ok=True)
    print("making inputs of %d rows ..." % rows, file=sys.stderr)
    if os.path.exists(GENERATOR):
        gen = os.path.join(CACHE, "weblog_gen")
        subprocess.check_call([os.environ.get("CC", "cc"), "-O3", "-w", "-o", gen, GENERATOR, "-lm"])
        subprocess.check_call([gen, "--rows", str(rows), "--conn-tsv", "conn.log", "--conn-json", "conn.json", "--eve", "eve.json"],
                              cwd=folder)
    else:  # the project's own generator; about 600 rows a host and day
        hosts = str(max(1, min(50000, rows // 600)))
        for fmt, name, made in (("zeek-tsv", "conn.log", "conn.log"), ("zeek-json", "conn.json", "conn.log"), ("eve", "eve.json", "eve.json")):
            out = os.path.join(folder, fmt)
            subprocess.check_call([os.path.join(build, "ictus"), "simulate", out, "--format", fmt, "--hosts", hosts])
            shutil.move(os.path.join(out, made), os.path.join(folder, name))
    with open(os.path.join(folder, "conn.log.gz"), "wb") as f:
        subprocess.check_call(["gzip", "-6", "-c", "conn.log"], cwd=folder, stdout=f)
    split_hours(os.path.join(folder, "conn.log"), os.path.join(folder, "hours"), rows)
    open(os.path.join(folder, "done"), "w").close()
    return folder


def visits(folder):
    """The connections as lines of a host and the peers that it and its neighbours in the log met: 1 to 7 of them."""
    path = os.path.join(folder, "visits.json")
    if os.path.exists(path):
        return
    with open(os.path.join(folder, "conn.log")) as log, open(path + ".part", "w") as out:
        peers, lines = [], 0
        for row in log:
            if row[0] == "#":
                continue
            cells = row.split("\t", 5)
            peers.append(cells[4])
            if len(peers) > lines * 5 % 7:
                out.write('{"ts":%s,"host":"%s","peers":["%s"]}\n' % (cells[0], cells[2], '","'.join(peers)))
                peers, lines = [], lines + 1
    os.rename(path + ".part", path)


def install_duckdb():
    if not os.path.exists(os.path.join(CACHE, "node_modules", "@duckdb", "node-api")):
        if not shutil.which("npm"):
            sys.exit("the comparison needs Node.js with npm: DuckDB comes as the npm package @duckdb/node-api")
        os.makedirs(CACHE, exist_ok=True)
        subprocess.check_call(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", CACHE, "@duckdb/node-api"])
    shutil.copy(os.path.join(HERE, "duckdb.mjs"), CACHE)


def line(name, duck, ours, target, note=""):
    ratio = duck["seconds"] / ours["seconds"]
    print("%-18s %8.2f %8.2f %6.0f %8.2f %8.2f %6.0f %7.1fx %s%s" % (
        name, duck["seconds"], duck["cpu"], duck["rss_kib"] / 1024, ours["seconds"], ours["cpu"], ours["rss_kib"] / 1024, ratio,
        "" if target is None else "target %gx%s" % (target, "" if ratio >= target else " MISSED"), note), flush=True)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("build")
    ap.add_argument("--rows", type=int, default=10_000_000)
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--only", default="")
    a = ap.parse_args()
    build = os.path.abspath(a.build)
    install_duckdb()
    folder = inputs(a.rows, build)
    visits(folder)
    print("%-18s %8s %8s %6s %8s %8s %6s %8s" % ("%d rows" % a.rows, "DuckDB s", "CPU s", "MiB", "ictus s", "CPU s", "MiB", "ratio"))
    different = False
    ictus = os.path.join(build, "ictus")
    query = [ictus, "query", "-q", "--format", "csv"]
    sql, duck_out, our_out = (os.path.join(CACHE, n) for n in ("job.sql", "duck.csv", "ours.csv"))

    def duckdb(text):
        with open(sql, "w") as f:
            f.write(text)
        with open(duck_out, "w") as out:
            return run(["node", os.path.join(CACHE, "duckdb.mjs"), sql], folder, out)

    wanted = a.only.split(",") if a.only else None
    for name, files, table, target, scan_target in WORKLOADS:
        if wanted and name not in wanted:
            continue
        duck, ours, scans = [], [], []
        for _ in range(a.runs):
            duck.append(duckdb(job(table)))
            ours.append(timed(query + ["-e", JOB] + files, folder, our_out))
            scans.append(timed([ictus, "scan", "-q", "--format", "ndjson"] + files, folder))
        same = rows_of(duck_out) == rows_of(our_out)
        different |= not same
        line(name, middle(duck), middle(ours), target, "" if same else " DIFFERENT")
        line(name + " scan", middle(duck), middle(scans), scan_target)
        for seed in SEEDS:
            if name in ("tsv", "ndjson") and os.path.exists(seed):
                runs = [timed(query + ["--now", NEWEST, "-f", seed] + files, folder) for _ in range(a.runs)]
                line(name + os.path.splitext(seed)[1] + " seed", middle(duck), middle(runs), 8 if name == "tsv" else 4)
    for name, kql, text, input in QUERIES:
        if wanted and "queries" not in wanted:
            break
        duck, ours = [], []
        for _ in range(a.runs):
            duck.append(duckdb(text.replace("{conn}", conn("conn.log"))))
            ours.append(timed(query + ["-e", kql] + input, folder, our_out))
        with open(our_out) as f:
            rows = f.readlines()[1:]  # without its header
        with open(our_out, "w") as f:
            f.writelines(rows)
        same = same_rows(duck_out, our_out)
        different |= not same
        line(name, middle(duck), middle(ours), 1.5, "" if same else " DIFFERENT")
    if not wanted or "threads" in wanted:
        one, two = ([timed(query + ["--threads", n, "-e", JOB, "conn.log"], folder) for _ in range(a.runs)] for n in "12")
        print("two threads over one, TSV: %.2fx (target 1.8x)" % (middle(one)["seconds"] / middle(two)["seconds"]))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
