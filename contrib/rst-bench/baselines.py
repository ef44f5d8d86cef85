#!/usr/bin/env python3
"""RST-bench: asks a program about every capture and writes its answers in the words of the yardstick.

usage: baselines.py PROGRAM [--view VIEW] [--program PATH] [--out ANSWERS.jsonl] CASES.jsonl

PROGRAM is tshark, tcptrace, ndpi, suricata, mcpcap or whyrst. Each function below says what its program says and how
that is read; README.md has the same as a table. A program is credited with what it shows without being asked twice: who
sent the first RST, and whether the handshake was complete. What it does not say is no answer, which is never wrong.
"""
import argparse
import csv
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# The longest that a program may take over one capture, in seconds.
PATIENCE = 120

SYN, RST, ACK = 0x02, 0x04, 0x10

SURICATA = """%YAML 1.1
---
vars: {address-groups: {HOME_NET: "any", EXTERNAL_NET: "any"}, port-groups: {}}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [flow]}
stream: {midstream: true, checksum-validation: no}
"""


def endpoint(ip, port):
    """`10.77.0.1:40000`, `[fd77::1]:40000`."""
    address = ipaddress.ip_address(ip)
    return ("[%s]:%s" if address.version == 6 else "%s:%s") % (address, port)


def output_of(command, may_end_with=(0,)):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False)
    if done.returncode not in may_end_with:
        raise RuntimeError("%s ended with %d: %s" % (" ".join(command), done.returncode, done.stderr.strip()[-500:]))
    return done.stdout


def only(sides):
    """The one side that holds, None where both or none do."""
    holding = [name for name, holds in sides if holds]
    return holding[0] if len(holding) == 1 else None


def tshark(files, _options):
    """Expert information "Connection reset (RST)": the first of each stream, its source address, and Wireshark's own
    "conversation completeness" (1 SYN, 2 SYN-ACK, 4 ACK) as far as it had come by then."""
    fields = "tcp.stream ip.src ipv6.src tcp.srcport ip.dst ipv6.dst tcp.dstport tcp.completeness".split()
    command = ["tshark", "-n", "-r", files["client"] or files["server"], "-Y", '_ws.expert.message contains "(RST)"']
    command += ["-T", "fields", "-E", "separator=|", "-E", "occurrence=f"]
    for line in output_of(command + [word for field in fields for word in ("-e", field)]).splitlines():
        stream, src4, src6, sport, dst4, dst6, dport, complete = line.split("|")
        src, dst = endpoint(src4 or src6, sport), endpoint(dst4 or dst6, dport)
        yield stream, {"ends": [src, dst], "maker": src, "phase": "open" if int(complete) & 7 == 7 else "opening"}


def tcptrace(files, _options):
    """`complete conn: RESET (SYNs: 2)`, and `resets sent` of each direction. It is open where a SYN was answered by one
    and the first sender has acknowledged anything (`ack pkts sent`), or where tcptrace counts no SYNs because it has
    seen the connection whole."""
    text = output_of(["tcptrace", "-ln", files["client"] or files["server"]])
    for at, part in enumerate(text.split("TCP connection ")[1:]):
        values = {}
        for line in part.splitlines():
            name, colon, rest = line.strip().partition(":")
            values.setdefault(name, rest.strip() if colon else "")
        if not values.get("complete conn", "").startswith("RESET"):
            continue
        # Hosts are called a and b, then c and d, and so on.
        hosts = [value for name, value in values.items() if name.startswith("host ")]
        ends = [endpoint(*host.rsplit(":", 1)) for host in hosts]
        sent = values.get("resets sent", "0 resets sent: 0").split()
        maker = only([(ends[0], int(sent[0]) > 0), (ends[1], int(sent[-1]) > 0)])
        syns = int(values["complete conn"].partition("(SYNs: ")[2].partition(")")[0] or 2)
        acked = int(values.get("ack pkts sent", "0").split()[0])
        phase = "open" if syns > 1 and acked else "opening"
        yield at, {"ends": ends, "maker": maker, "phase": phase}


def ndpi(files, _options):
    """ndpiReader's table of flows (`-v 2 -C`): how many segments had RST, SYN and ACK, in all and from the first
    sender. What is left is the other's: nDPI 4.2 puts all segments into the column of that direction, `s_to_c_rst`."""
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "flows.csv")
        output_of(["ndpiReader", "-i", files["client"] or files["server"], "-v", "2", "-C", table])
        with open(table, newline="", encoding="utf-8", errors="replace") as file:
            rows = list(csv.reader(file))
    names = [name.lstrip("#") for name in rows[0]] if rows else []
    for at, row in enumerate(rows[1:]):
        flow = dict(zip(names, row))
        count = lambda name: int(flow.get(name) or 0)
        back = lambda flag: count(flag) - count("c_to_s_" + flag)
        if flow.get("protocol") not in ("6", "TCP") or not count("rst"):
            continue
        ends = [endpoint(flow["src_ip"], flow["src_port"]), endpoint(flow["dst_ip"], flow["dst_port"])]
        maker = only([(ends[0], count("c_to_s_rst")), (ends[1], back("rst"))])
        is_open = count("c_to_s_syn") and back("syn") and count("c_to_s_ack")
        yield at, {"ends": ends, "maker": maker, "phase": "open" if is_open else "opening"}


def suricata(files, _options):
    """The flow records of eve.json: `tcp.rst`, and the flags of each direction (`tcp_flags_ts`, `tcp_flags_tc`)."""
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "suricata.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(SURICATA)
        capture = files["client"] or files["server"]
        output_of(["suricata", "-c", config, "-r", capture, "-l", folder, "-k", "none", "-S", "/dev/null"])
        with open(os.path.join(folder, "eve.json"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
    for at, event in enumerate(sorted(events, key=lambda event: event.get("flow", {}).get("start", ""))):
        tcp = event.get("tcp", {})
        if event.get("event_type") != "flow" or not tcp.get("rst"):
            continue
        ends = [endpoint(event["src_ip"], event["src_port"]), endpoint(event["dest_ip"], event["dest_port"])]
        there, back = (int(tcp.get(name, "0"), 16) for name in ("tcp_flags_ts", "tcp_flags_tc"))
        maker = only([(ends[0], there & RST), (ends[1], back & RST)])
        is_open = there & SYN and there & ACK and back & SYN
        yield at, {"ends": ends, "maker": maker, "phase": "open" if is_open else "opening"}


def mcpcap(files, _options):
    """`analyze_tcp_connections`: `close_reason` "reset" and `handshake_completed`; who, from `analyze_tcp_anomalies`
    where it names one source of RSTs. (`analyze_traffic_flow` has to be told who is the server.)"""
    from mcpcap.core.config import Config
    from mcpcap.modules.tcp import TCPModule

    module, capture = TCPModule(Config()), os.path.abspath(files["client"] or files["server"])
    connections, anomalies = module.analyze_tcp_connections(capture), module.analyze_tcp_anomalies(capture)
    if "error" in connections:
        raise RuntimeError(connections["error"])
    sources = list(anomalies.get("statistics", {}).get("rst_distribution", {}).get("by_source", {}))
    for at, connection in enumerate(connections.get("connections", [])):
        if connection["close_reason"] != "reset":
            continue
        pairs = [connection[role].rsplit(":", 1) for role in ("client", "server")]
        named = [endpoint(ip, port) for ip, port in pairs if [ip] == sources]
        phase = "open" if connection["handshake_completed"] else "opening"
        ends = [endpoint(ip, port) for ip, port in pairs]
        yield at, {"ends": ends, "maker": named[0] if len(named) == 1 else None, "phase": phase}


def whyrst(files, options):
    """`whyrst explain --format json`: origin, phase, family and mechanism, with the confidence of each. The family
    "unseen" says that too little was captured: no answer."""
    command = [options.program or "whyrst", "explain", "--format", "json", "--fold", "never"]
    if files["live"]:
        command.append(files["live"])
    elif files["client"] and files["server"]:
        command += ["--vantage", "client=" + files["client"], "--vantage", "server=" + files["server"]]
    else:
        command.append(files["client"] or files["server"])
    if files["events"]:
        command += ["--events", files["events"]]
    for at, line in enumerate(output_of(command, may_end_with=(0, 1)).splitlines()):
        said = json.loads(line)
        if not said.get("schema", "").startswith("whyrst.reset/"):
            continue
        ends = {side: endpoint(said[side]["ip"], said[side]["port"]) for side in ("client", "server")}
        if said["client"]["ip"] == said["server"]["ip"]:
            # A host's connection with itself, which sockets show and no capture of the yardstick does.
            continue
        answer = {"ends": list(ends.values())}
        first = said["resets"][0] if said.get("resets") else {}
        maker = {"endpoint": ends.get(first.get("from")), "path": "neither"}.get(said.get("origin"))
        answer["maker"] = {"is": maker, "confidence": said.get("origin_confidence")}
        answer["phase"] = {"connect": "opening", "midstream": None}.get(said.get("phase"), "open")
        family, mechanism = said.get("family") or {}, said.get("mechanism") or {}
        if family.get("id") != "unseen":
            answer["family"] = {"is": family.get("id"), "confidence": family.get("confidence")}
        answer["mechanism"] = {"is": mechanism.get("cause"), "confidence": mechanism.get("confidence")}
        yield at, answer


PROGRAMS = {program.__name__: program for program in (tshark, tcptrace, ndpi, suricata, mcpcap, whyrst)}
ONE_END = ("client", "server")
VIEWS = ONE_END + ("both", "client+kernel", "server+kernel", "both+kernel", "live")


def files_of(case, folder, view):
    """What a program gets to see of a case; None for what it does not."""
    place = lambda path: os.path.join(folder, path)
    ends = view.partition("+")[0]
    files = {end: place(case["captures"][end]) if ends in (end, "both") else None for end in ONE_END}
    files["events"] = place(case["kernel"]["events"]) if view.endswith("+kernel") else None
    files["live"] = place(case["kernel"]["live"]) if view == "live" else None
    return files


def answers_of(program, case, folder, options):
    """The lines of one case: of each of the program's connections the first answer."""
    seen, lines = set(), []
    for key, answer in PROGRAMS[program](files_of(case, folder, options.view), options):
        if key not in seen:
            seen.add(key)
            lines.append(json.dumps({"case": case["case"], **answer}))
    return lines


def main():
    parser = argparse.ArgumentParser(description="Asks a program about every capture of a file of cases.")
    parser.add_argument("name", choices=sorted(PROGRAMS), help="which program")
    parser.add_argument("--view", choices=VIEWS, default="client", help="what it gets to see (default: client)")
    parser.add_argument("--program", help="path of whyrst, where it is not installed")
    parser.add_argument("--out", help="file for the answers (default: standard output)")
    parser.add_argument("cases", help="file of cases, JSON lines")
    options = parser.parse_args()
    if options.name != "whyrst" and options.view not in ONE_END:
        parser.error("%s can be asked about one capture only: --view client or server" % options.name)
    folder = os.path.dirname(os.path.abspath(options.cases))
    with open(options.cases, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file if line.strip()]
    # mcpcap runs in this process and is no faster in threads.
    with ThreadPoolExecutor(1 if options.name == "mcpcap" else os.cpu_count()) as pool:
        of_case = lambda case: answers_of(options.name, case, folder, options)
        lines = [line for lines in pool.map(of_case, cases) for line in lines]
    text = "".join(line + "\n" for line in lines)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
