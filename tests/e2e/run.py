#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The three tests that the published detections for T1071.001 name, as TAP: real requests of curl to a local
server, captured by ictus itself, live and to a file.

Usage: run.py ICTUS [SHARED]
All of it happens in a network namespace of its own, whose only interface is the loopback one: nothing can leave it.
What clients would sleep for seconds they sleep for a fraction here; the capture file is then given the times
that it would have had. SHARED: a folder with seeds/seed.kql and seeds/seed.aql, run as they are written."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
VICTIM, C2, LOCAL = "10.77.0.5", "203.0.113.50", "127.0.0.1"
MSIE = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)"
GAP_S = 1.0     # of the clients here
FRAME_S = 0.25  # of the WebSocket here
NOBODY = 65534
CAP_NET_RAW, PR_CAPBSET_DROP = 13, 24
SECOND = 10**9  # in nanoseconds
UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13"]
# what is sent: destination, port, how often, and the sleep that the capture file shall show
HTTP_LOCAL, HTTP_C2, HTTPS_LOCAL = (LOCAL, 80, 10, 10.0), (C2, 80, 16, 10.0), (LOCAL, 443, 10, 15.0)
# one connection, so many frames: curl listens to those of the server, an implant sends its own
LISTENING, SPEAKING = (LOCAL, 8080, 40, 100.0), (C2, 8080, 40, 100.0)


# ---- results ---------------------------------------------------------------------------------------------

class Tap:
    """Test points; the plan comes last."""
    count = failed = 0

    @classmethod
    def point(cls, ok, name, why=""):
        cls.count += 1
        cls.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {cls.count} - {name}", flush=True)
        if not ok:
            for line in str(why).splitlines()[-30:]:
                print("#", line, flush=True)

    @classmethod
    def skip(cls, name, why):
        cls.count += 1
        print(f"ok {cls.count} - {name} # SKIP {why}", flush=True)

    @classmethod
    def end(cls):
        print(f"1..{cls.count}", flush=True)
        return 1 if cls.failed else 0


# ---- the server ------------------------------------------------------------------------------------------

def answer(connection, tls):
    """One request, one answer; frames of text at a steady beat after an upgrade."""
    try:
        with connection:
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request:
                more = connection.recv(4096)
                if not more:
                    return
                request += more
            if b"upgrade: websocket" not in request.lower():
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
            if connection.getsockname()[0] == C2:
                while connection.recv(4096):
                    connection.sendall(b"\x81\x04idle")
            else:
                for _ in range(LISTENING[2]):
                    time.sleep(FRAME_S)
                    connection.sendall(b"\x81\x20" + b"x" * 32)
    except OSError:
        pass  # a client that gives up is no fault of the test


def serve(address, port, tls=None):
    listener = socket.create_server((address, port), backlog=64)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection, tls), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


# ---- the clients -----------------------------------------------------------------------------------------

def curl(*words):
    return subprocess.run(["curl", "-q", "--silent", "--max-time", "30", "--output", "/dev/null", *words],
                          check=False, stdin=subprocess.DEVNULL).returncode


def repeat(count, *words):
    """The same request again and again, at fixed times, so that delays do not add up."""
    begun = time.monotonic()
    for i in range(count):
        time.sleep(max(0.0, begun + i * GAP_S - time.monotonic()))
        curl(*words)


def speak():
    """An implant's side of a WebSocket: masked frames at a steady beat, each answered."""
    with socket.create_connection(SPEAKING[:2], source_address=(VICTIM, 0)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall("\r\n".join(["GET /socket HTTP/1.1", f"Host: {C2}:8080", *UPGRADE, "", ""]).encode())
        connection.recv(4096)
        for _ in range(SPEAKING[2]):
            time.sleep(FRAME_S)
            connection.sendall(b"\x82\x90" + b"\1\2\3\4" + b"m" * 16)
            connection.recv(4096)


def run_clients():
    jobs = [
        (HTTP_LOCAL[2], "--user-agent", MSIE, f"http://{LOCAL}/updates/check"),
        (HTTP_C2[2], "--interface", VICTIM, "--user-agent", MSIE, f"http://{C2}/updates/check"),
        (HTTPS_LOCAL[2], "--insecure", "--user-agent", "", f"https://{LOCAL}/"),
        (1, "--no-buffer", "--http1.1", *[w for h in UPGRADE for w in ("--header", h)], f"http://{LOCAL}:8080/socket"),
    ]
    threads = [threading.Thread(target=repeat, args=job) for job in jobs] + [threading.Thread(target=speak)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ---- the program -----------------------------------------------------------------------------------------

class Ictus:
    """The program under test."""
    path = ""
    env = {}

    @classmethod
    def run(cls, *words, **more):
        done = subprocess.run([cls.path, *words], capture_output=True, stdin=subprocess.DEVNULL, timeout=120,
                              check=False, **{"env": cls.env, **more})
        return done.returncode, done.stdout.decode(), done.stderr.decode()


class Live:
    """A capture in progress."""

    def __init__(self, *words, env=None, under=(), program=None):
        def listen():
            """A background job is born deaf to Ctrl-C, and ictus leaves it so."""
            for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
                signal.signal(number, signal.SIG_DFL)
        self.process = subprocess.Popen([*under, program or Ictus.path, *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=listen,
                                        env={**Ictus.env, **(env or {})})
        self.said = self.process.stderr.readline().decode()  # that it captures, and that rights are given up

    def status(self):
        """Lines of /proc/PID/status, by name."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return {name: value.split() for name, _, value in (line.partition(":") for line in text.splitlines())}

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode(), self.said + err.decode()


def findings(text):
    return [json.loads(line) for line in text.splitlines()]


def pick(found, detector, **want):
    """The findings of a detector that have these values."""
    return [f for f in found if f["detector"] == detector and all(f[k] == v for k, v in want.items())]


# ---- the capture file ------------------------------------------------------------------------------------

def packets(path):
    """(nanoseconds, record, source, source port, destination, destination port, payload bytes, flags) of each."""
    data = path.read_bytes()
    magic, _, _, _, _, _, link = struct.unpack("=IHHiIII", data[:24])
    assert magic == 0xa1b23c4d and link == 1, "a capture with nanoseconds of Ethernet"
    at = 24
    while at < len(data):
        seconds, nano, captured, _ = struct.unpack_from("=IIII", data, at)
        record = data[at:at + 16 + captured]
        at += len(record)
        frame = record[16:]
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        head = 14 + (frame[14] & 15) * 4
        source, target = socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34])
        sport, dport = struct.unpack_from("!HH", frame, head)
        payload = 14 + struct.unpack_from("!H", frame, 16)[0] - head - (frame[head + 12] >> 4) * 4
        yield seconds * SECOND + nano, record, source, sport, target, dport, payload, frame[head + 13]


def stretch(path, to):
    """Gives packets the times that they would have had, had the clients slept for as long as those of the
    published tests: the n-th connection (or frame) is n times as much later as it was too early."""
    sleeps = {(a, p): int((sleep - GAP_S) * SECOND) for a, p, _, sleep in (HTTP_LOCAL, HTTP_C2, HTTPS_LOCAL)}
    sockets = {(a, p): int((sleep - FRAME_S) * SECOND) for a, p, _, sleep in (LISTENING, SPEAKING)}
    number, seen, frames, out = {}, {}, {}, []
    for t, record, src, sport, dst, dport, payload, flags in packets(path):
        to_server = (dst, dport) in sleeps or (dst, dport) in sockets
        server, client = ((dst, dport), (src, sport)) if to_server else ((src, sport), (dst, dport))
        if server in sleeps:
            if to_server and flags & 0x12 == 2:  # a SYN without ACK begins a connection
                number[server, client] = seen[server] = seen.get(server, -1) + 1
            t += number.get((server, client), 0) * sleeps[server]
        elif server in sockets:
            # the request, and its answer, is no frame
            frames[server] = frames.get(server, -1) + (payload > 0 and to_server == (server == SPEAKING[:2]))
            t += max(frames[server], 0) * sockets[server]
        out.append((t, record))
    out.sort(key=lambda item: item[0])
    with open(to, "wb") as file:
        file.write(path.read_bytes()[:24])
        for t, record in out:
            file.write(struct.pack("=II", *divmod(t, SECOND)) + record[8:])


# ---- what must hold --------------------------------------------------------------------------------------

def check_rights(folder):
    """What a capture may do once it runs, as root and behind sudo."""
    live = Live("scan", "--interface", "lo", "--save", str(folder / "root.pcap"))
    status = live.status()
    code, _, err = live.end(signal.SIGINT)
    Tap.point(status["Uid"] == [str(NOBODY)] * 4 and int(status["CapEff"][0], 16) == 0
              and status["NoNewPrivs"] == ["1"] and int(status["CapPrm"][0], 16) == 0, "root becomes nobody", status)
    Tap.point(code == 0 and "capturing on lo" in err, "Ctrl-C is a normal end, also of a capture of nothing", err)
    # where everybody may run it
    program = shutil.copy(Ictus.path, folder / "program")
    live = Live("scan", "--interface", "lo", program=program,
                under=["setpriv", f"--reuid={NOBODY - 1}", f"--regid={NOBODY - 1}", "--clear-groups",
                       "--inh-caps=+net_raw", "--ambient-caps=+net_raw"])
    status = live.status()
    code, _, err = live.end(signal.SIGINT)
    Tap.point(code == 0 and status["Uid"] == [str(NOBODY - 1)] * 4
              and not any(int(status[caps][0], 16) for caps in ("CapEff", "CapPrm", "CapInh", "CapAmb")),
              "who has CAP_NET_RAW captures, and gives it up", (code, err, status))
    os.chmod(program, 0o4755)
    if os.statvfs(folder).f_flag & os.ST_NOSUID or "NoNewPrivs:\t0" not in pathlib.Path("/proc/self/status").read_text():
        Tap.skip("a set-user-ID ictus refuses to run", "that bit means nothing here")
    else:
        done = subprocess.run(["setpriv", f"--reuid={NOBODY - 1}", f"--regid={NOBODY - 1}", "--clear-groups", program,
                               "--version"], capture_output=True, check=False, env=Ictus.env)
        Tap.point(done.returncode == 2 and b"set-user-ID" in done.stderr, "a set-user-ID ictus refuses to run", done)
    mine = folder / "mine"
    mine.mkdir()
    os.chown(mine, 1234, 1234)
    live = Live("scan", "--interface", "lo", "--save", str(mine / "a.pcap"), "--output", str(mine / "found"),
                env={"SUDO_UID": "1234", "SUDO_GID": "1234"})
    status = live.status()
    code, _, err = live.end(signal.SIGTERM)
    owners = [(entry.name, entry.stat().st_uid) for entry in sorted(mine.iterdir())]
    Tap.point(code == 0 and status["Uid"] == ["1234"] * 4 and owners == [("a.pcap", 1234), ("found", 1234)],
              "behind sudo its user goes on and owns the files", (code, status["Uid"], owners, err))
    locked = folder / "locked"
    locked.mkdir(mode=0o700)
    code, _, err = Ictus.run("scan", "-i", "lo", "--duration", "1s", "--save", str(locked / "a.pcap"),
                             env={**Ictus.env, "SUDO_UID": "1234", "SUDO_GID": "1234"})
    Tap.point(code == 3 and not list(locked.iterdir()), "behind sudo nothing is written where its user may not", err)


def check_refusals(folder):
    code, _, err = Ictus.run("scan", "--interface", "nowhere")
    Tap.point(code == 3 and "no such interface; there are: any, lo" in err, "an interface that is not there", err)
    code, _, err = Ictus.run("scan", "--interface", "lo", "--bpf", "tcp prot 80")
    Tap.point(code == 2 and "--bpf: " in err, "a filter that is none", err)
    code, _, err = Ictus.run("scan", "--interface", "lo", "--output", str(folder / "out"))
    Tap.point(code == 2 and "captures as nobody" in err, "root without sudo: no --output", err)
    code, _, err = Ictus.run("scan", "--interface", "lo", preexec_fn=without_raw_sockets)
    Tap.point(code == 3 and "no right to capture" in err, "no right to capture", err)
    if not pathlib.Path("/dev/full").exists():
        return Tap.skip("a full disk ends the capture", "no /dev/full")
    live = Live("scan", "--interface", "lo", "--save", "/dev/full")
    curl(f"http://{LOCAL}/")
    code, _, err = live.end(signal.SIGINT)
    return Tap.point(code == 3 and "/dev/full: cannot write: No space left" in err, "a full disk ends the capture", err)


def without_raw_sockets():
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0)


def check_loss():
    """A program that does not come to read."""
    live = Live("scan", "--interface", "lo", "--bpf", "udp")
    os.kill(live.process.pid, signal.SIGSTOP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(2000):
            try:
                sender.sendto(b"x" * 60000, (LOCAL, 9))
            except ConnectionRefusedError:
                pass  # nobody listens, nor has to
    os.kill(live.process.pid, signal.SIGCONT)
    code, _, err = live.end(signal.SIGINT)
    Tap.point(code == 0 and "packets lost before they could be read" in err, "lost packets are counted", err)


def check_streaming():
    """Rows of a capture in progress come before its end."""
    live = Live("convert", "--interface", "lo", "--table", "http", "--fields", "uri")
    curl(f"http://{LOCAL}/one")
    row = live.process.stdout.readline()
    running = live.process.poll() is None
    live.end(signal.SIGINT)
    Tap.point(running and row == b'{"uri":"/one"}\n', "convert prints a row as soon as it is known", row)


RULE = """// id: web
// title: Requests of one device
// level: low
http | summarize Requests = count() by id_orig_h, id_resp_h, id_resp_p
"""
TWICE = """// id: twice
// title: Side by side
// level: low
http | join kind=inner (http | take 5) on uid
"""


def check_rules(folder):
    """A rule that a capture cannot serve is said, and does not stop the others."""
    rules = folder / "two"
    rules.mkdir()
    (rules / "a.kql").write_text(RULE)
    (rules / "b.kql").write_text(TWICE)
    live = Live("scan", "--interface", "lo", "--rules", str(rules))
    curl(f"http://{LOCAL}/one")
    time.sleep(0.5)
    code, out, err = live.end(signal.SIGINT)
    Tap.point(code == 0 and pick(findings(out), "rule.web", dst_ip=LOCAL) and "b.kql" in err and "a live capture" in err,
              "live: rules read along; one that reads twice is said", f"{code}\n{out}\n{err}")


def check_live(folder):
    """Runs the three tests under the eyes of all verbs that capture. Returns the file."""
    saved = folder / "seeds.pcap"
    # how steady a beat of a second is depends on how busy the machine is
    rules = folder / "rules"
    rules.mkdir()
    (rules / "web.kql").write_text(RULE)
    options = ["--scope", "all", "--min-automation", "0", "--rules", str(rules)]
    scan = Live("scan", "--interface", "lo", "--save", str(saved), *options)
    convert = Live("convert", "--interface", "lo", "--bpf", "tcp port 80", "--fields", FIELDS)
    prints = Live("fingerprint", "--interface", "any", "--bpf", "tcp port 443")
    run_clients()
    time.sleep(0.5)
    code, live, err = scan.end(signal.SIGINT)
    Tap.point(code == 0 and "lost before" not in err, "live: Ctrl-C ends with the findings so far, no packet is lost", err)
    code, later, err = Ictus.run("scan", *options, str(saved))
    Tap.point(code == 0 and live and live == later, "live: the findings are those of the saved packets, byte for byte",
              f"{code} {err}\nlive:\n{live}\nfile:\n{later}")
    code, live_rows, _ = convert.end(signal.SIGTERM)
    _, rows, _ = Ictus.run("convert", "--fields", FIELDS, str(saved))
    rows = [row for row in rows.splitlines() if json.loads(row)["dst_port"] == 80]
    # in any order: that in which connections are known to have ended depends on what else is seen
    Tap.point(code == 0 and sorted(live_rows.splitlines()) == sorted(rows) and len(rows) == 2 * (HTTP_LOCAL[2] + HTTP_C2[2]),
              "live: convert gives the rows of the saved packets that pass its filter",
              "\n".join(sorted(set(rows) ^ set(live_rows.splitlines()))) or f"{code}, {len(rows)} rows")
    code, live_rows, _ = prints.end(signal.SIGINT)
    hellos = [row for row in map(json.loads, live_rows.splitlines()) if row["event"] == "client_hello"]
    Tap.point(code == 0 and len(hellos) == HTTPS_LOCAL[2] and len({row["ja4"] for row in hellos}) == 1,
              "live: fingerprint gives a row for each hello, on all interfaces", live_rows)
    found = findings(live)
    beats = pick(found, "beacon", dst_ip=C2, dst_port=80)
    Tap.point(beats and all(abs(f["interval_median_s"] - GAP_S) < GAP_S / 4 for f in beats),
              "live: the beat of test 1 to a public address", live)
    Tap.point(pick(found, "websocket", src_ip=LOCAL), "live: the upgrade of test 3", live)
    Tap.point(pick(found, "rule.web", dst_ip=C2), "live: a rule's finding", live)
    return saved


def check_findings(saved, folder):
    """The table of what scan must report, on the packets with the times of the published tests."""
    path = folder / "stretched.pcap"
    stretch(saved, path)
    code, text, err = Ictus.run("scan", "--scope", "all", str(path))
    found = findings(text)
    Tap.point(code == 0, "the stretched capture is a capture", err)
    for (address, port, count, sleep), what in ((HTTP_LOCAL, "test 1"), (HTTP_C2, "test 1 to a public address"),
                                                (HTTPS_LOCAL, "test 2")):
        beats = pick(found, "beacon", dst_ip=address, dst_port=port)
        Tap.point(len(beats) == 1 and abs(beats[0]["interval_median_s"] - sleep) < 0.05 * sleep
                  and beats[0]["connections"] == count,
                  f"{what}: a regular beat of {sleep:g} s", text)
    for address, source in ((LOCAL, LOCAL), (C2, VICTIM)):
        agents = pick(found, "user-agent", src_ip=source)
        Tap.point(any(MSIE in f["user_agents"] for f in agents), f"test 1, {address}: a suspicious user agent", text)
    Tap.point(any(r["code"] == "no-sni" for f in pick(found, "tls", src_ip=LOCAL) for r in f["reasons"]),
              "test 2: TLS without a server name", text)
    Tap.point(pick(found, "websocket", src_ip=LOCAL), "test 3: an upgrade that is not a browser's", text)
    Tap.point(pick(found, "long-connection", dst_ip=LOCAL, dst_port=8080), "test 3: a long connection", text)
    beats = pick(found, "beacon", dst_ip=C2, dst_port=8080, event_level="burst")
    Tap.point(beats and abs(beats[0]["sleep_s"] - SPEAKING[3]) < 0.05 * SPEAKING[3],
              "test 3, with an implant that speaks: the cadence of its frames inside the connection", text)
    code, text, err = Ictus.run("scan", str(path))
    Tap.point(code == 0 and {f["dst_ip"] for f in findings(text)} == {C2} and "by --scope" in err,
              "loopback is out of the usual scope, which is said", err)
    return path


def check_seeds(shared, path):
    for language in ("kql", "aql"):
        name = f"the {language.upper()} seed as written: the 16 connections to a public address, and nothing else"
        seed = shared / "seeds" / f"seed.{language}" if shared else None
        if not seed or not seed.exists():
            Tap.skip(name, "the seeds are not there")
            continue
        code, text, err = Ictus.run("query", "--lang", language, "--now", "data", "-f", str(seed), str(path))
        rows = findings(text)
        Tap.point(code == 0 and len(rows) == 1 and C2 in text, name, text + err)


# without times: each capture takes its own
FIELDS = "src_ip,src_port,dst_ip,dst_port,event_level,method,uri,user_agent,orig_bytes,resp_bytes,conn_state"


def inside(program, shared):
    """In the namespace."""
    Ictus.path = program
    Ictus.env = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C"}
    Ictus.env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
    # a process that gave up its rights cannot be looked into
    Ictus.env["ASAN_OPTIONS"] = Ictus.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    for words in ("link set lo up", f"addr add {VICTIM}/32 dev lo", f"addr add {C2}/32 dev lo"):
        subprocess.run(["ip", *words.split()], check=True)
    routes = subprocess.run(["ip", "route", "show", "default"], capture_output=True, check=True).stdout
    links = [name for _, name in socket.if_nameindex()]
    Tap.point(not routes and links == ["lo"], "the namespace has no way out", links)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(HERE / "server.pem")
    for address, port in ((LOCAL, 80), (C2, 80), (LOCAL, 8080), (C2, 8080)):
        serve(address, port)
    serve(LOCAL, 443, tls)
    with tempfile.TemporaryDirectory(prefix="ictus-e2e-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o711)
        check_rights(folder)
        check_refusals(folder)
        check_loss()
        check_streaming()
        check_rules(folder)
        path = check_findings(check_live(folder), folder)
        check_seeds(shared, path)
    return Tap.end()


def main():
    if sys.argv[1] == "--inside":
        return inside(sys.argv[2], pathlib.Path(sys.argv[3]) if sys.argv[3:] else None)
    missing = [name for name in ("unshare", "setpriv", "ip", "curl") if not shutil.which(name)]
    why = f"{missing[0]} is not installed" if missing else None
    if not why and os.geteuid() != 0:
        why = "it takes root"
    if not why and subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        why = "network namespaces are not allowed here"
    if not why and "made without libpcap" in subprocess.run([sys.argv[1], "scan", "-i", "lo", "--duration", "1ms"],
                                                            capture_output=True, text=True, check=False).stderr:
        why = "ictus was built without libpcap"
    if why:
        Tap.skip("the tests that the published detections name", why)
        return Tap.end()
    return subprocess.run(["unshare", "--net", sys.executable, __file__, "--inside", *sys.argv[1:]],
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
