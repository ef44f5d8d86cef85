"""What a type checker must accept: `cargo xtask python` runs mypy over it."""

from typing import Literal

import whyrst
from whyrst.records import EvidenceReport


def frames(evidence: EvidenceReport) -> list[int]:
    return evidence.frames


def sure(path: str) -> list[tuple[str, int, str | None]]:
    found = []
    for report in whyrst.explain(path, all=True, filter="tcp"):
        confidence: Literal["certain", "likely", "possible", "unexplained"] = report.verdict.confidence
        mechanism = report.mechanism
        if confidence != "unexplained":
            found.append((report.client.ip, report.server.port, mechanism.cause if mechanism else None))
    return found


try:
    sure("a.pcap")
except whyrst.ReadError as error:
    where: int | None = error.frame
    print(error.file, where, error.reason)
