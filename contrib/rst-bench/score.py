#!/usr/bin/env python3
"""RST-bench: holds answers about TCP resets against the truth. Needs Python 3.9 and nothing else.

usage: score.py [--view client|server|both] [--json] CASES.jsonl ANSWERS.jsonl

Exit status: 0 scored, 2 a file cannot be read or is not in the format (README.md beside this file has it).
"""
import argparse
import collections
import json
import os
import sys

QUESTIONS = ("maker", "phase", "family", "mechanism")
VIEWS = ("client", "server", "both")
CONFIDENCES = ("certain", "likely", "possible")
SURE = ("certain", "likely")
# What an answer without a confidence is called: it can be wrong, but it was never sure.
UNSTATED = "unstated"
# Who says one of these says nothing.
NO_ANSWER = (None, "", "unknown", "unexplained")

# Bounds, so that a hostile or broken file costs neither memory nor time.
MOST_OCTETS = 256 << 20
MOST_LINES = 1_000_000
LONGEST_LINE = 64 << 10
LONGEST_TEXT = 200
MOST_COMPLAINTS = 10


class BadFile(Exception):
    """A file that is not in the format: its name, and where it is wrong and why."""


def shown(value):
    """A value of a file, short and without control characters, for a message."""
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def objects(path):
    """The objects of a file of JSON lines, each with the number of its line. Empty lines are none."""
    problems = []
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > MOST_OCTETS:
                raise BadFile("%s: larger than %d MiB" % (path, MOST_OCTETS >> 20))
            number = octets = 0
            while True:
                line = file.readline(LONGEST_LINE + 2)
                if not line:
                    break
                number, octets = number + 1, octets + len(line)
                if number > MOST_LINES or octets > MOST_OCTETS:
                    raise BadFile("%s: more than %d lines or %d MiB" % (path, MOST_LINES, MOST_OCTETS >> 20))
                if len(line.rstrip(b"\r\n")) > LONGEST_LINE:
                    raise BadFile("%s:%d: a line of more than %d octets" % (path, number, LONGEST_LINE))
                if not line.strip():
                    continue
                try:
                    value = json.loads(line.decode("utf-8"))
                except (ValueError, RecursionError) as error:
                    problems.append("%s:%d: no JSON: %s" % (path, number, shown(str(error))))
                else:
                    if isinstance(value, dict):
                        yield number, value
                        continue
                    problems.append("%s:%d: not an object but %s" % (path, number, shown(value)))
                if len(problems) >= MOST_COMPLAINTS:
                    break
    except OSError as error:
        raise BadFile("cannot read %s: %s" % (path, error.strerror)) from error
    if problems:
        raise BadFile("\n".join(problems))


def text(value, what):
    """`value` if it is a short text."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError("%s must be a text of at most %d characters, not %s" % (what, LONGEST_TEXT, shown(value)))
    return value


def ends_of(value):
    """Two endpoints in any order, as a key."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("`ends` must be two endpoints, not %s" % shown(value))
    return tuple(sorted(text(end, "an endpoint") for end in value))


def read_cases(path, view):
    """Of each case its truths: a dict from each name of a reset (its ends) to the reset."""
    cases = {}
    for number, value in objects(path):
        try:
            name = text(value.get("case"), "`case`")
            if name in cases:
                raise ValueError("the case %s stands here twice" % shown(name))
            cases[name] = truths_of(value.get("resets"), view)
        except ValueError as error:
            raise BadFile("%s:%d: %s" % (path, number, error)) from error
    if not cases:
        raise BadFile("%s: no case in it" % path)
    return cases


def truths_of(resets, view):
    if not isinstance(resets, dict) or not isinstance(resets.get(view), list):
        raise ValueError("`resets` must have a list for the view %s" % view)
    truths = {}
    for at, reset in enumerate(resets[view]):
        if not isinstance(reset, dict) or not isinstance(reset.get("ends"), list):
            raise ValueError("a reset must be an object with `ends`, not %s" % shown(reset))
        accepted = {"number": at}
        for question in QUESTIONS:
            words = reset.get(question)
            if not isinstance(words, list) or not words:
                raise ValueError("`%s` must be a list of what is accepted, not %s" % (question, shown(words)))
            accepted[question] = {text(word, "`%s`" % question) for word in words}
        for ends in reset["ends"]:
            truths[ends_of(ends)] = accepted
    return truths


def said(value, question):
    """What an answer says to a question: the word and how surely; None where it says nothing."""
    if isinstance(value, str) or value is None:
        value = {"is": value}
    if not isinstance(value, dict):
        raise ValueError("`%s` must be a text or an object with `is`, not %s" % (question, shown(value)))
    word, confidence = value.get("is"), value.get("confidence")
    if word in NO_ANSWER:
        return None
    if confidence is not None and confidence not in CONFIDENCES:
        raise ValueError("a confidence is one of %s, not %s" % (", ".join(CONFIDENCES), shown(confidence)))
    return text(word, "`%s`" % question), confidence or UNSTATED


def read_answers(path, cases):
    """The answers in order: case, ends, and what each says to each question."""
    answers = []
    for number, value in objects(path):
        try:
            case = text(value.get("case"), "`case`")
            if case not in cases:
                raise ValueError("there is no case %s" % shown(case))
            words = {question: said(value.get(question), question) for question in QUESTIONS}
            answers.append((case, ends_of(value.get("ends")), words))
        except (ValueError, TypeError) as error:
            raise BadFile("%s:%d: %s" % (path, number, error)) from error
    return answers


def score(cases, answers):
    """The score as one object; README.md says what each number means."""
    resets = sum(len({truth["number"] for truth in truths.values()}) for truths in cases.values())
    found, extra, repeated = {}, 0, 0
    for case, ends, words in answers:
        truth = cases[case].get(ends)
        if truth is None:
            extra += 1
        elif (case, truth["number"]) in found:
            repeated += 1
        else:
            found[case, truth["number"]] = (truth, words)
    return {
        "schema": "rst-bench.score/1",
        "cases": len(cases),
        "resets": resets,
        "found": len(found),
        "missing": resets - len(found),
        "extra": extra,
        "repeated": repeated,
        "questions": {question: score_question(question, resets, found.values()) for question in QUESTIONS},
    }


def score_question(question, resets, found):
    right = wrong = wrong_and_sure = 0
    by_confidence = collections.defaultdict(lambda: {"said": 0, "right": 0})
    for truth, words in found:
        if words[question] is None:
            continue
        word, confidence = words[question]
        is_right = word in truth[question]
        by_confidence[confidence]["said"] += 1
        by_confidence[confidence]["right"] += is_right
        right += is_right
        wrong_and_sure += not is_right and confidence in SURE
        wrong += not is_right and confidence not in SURE
    return {
        "right": right,
        "wrong": wrong,
        "wrong_and_sure": wrong_and_sure,
        "no_answer": resets - right - wrong - wrong_and_sure,
        "points": round(100 * (right - wrong_and_sure) / resets, 1) if resets else None,
        "by_confidence": {name: by_confidence[name] for name in CONFIDENCES + (UNSTATED,) if name in by_confidence},
    }


def table(result):
    """The score for a person."""
    lines = [
        "%(resets)d resets in %(cases)d cases: %(found)d found, %(missing)d missing, %(extra)d reported that are none, "
        "%(repeated)d reported again" % result,
        "%-10s %6s %6s %6s %9s %7s" % ("", "right", "wrong", "+sure", "no answer", "points"),
    ]
    for question, counts in result["questions"].items():
        points = "-" if counts["points"] is None else "%.1f" % counts["points"]
        numbers = (counts["right"], counts["wrong"], counts["wrong_and_sure"], counts["no_answer"], points)
        lines.append("%-10s %6d %6d %6d %9d %7s" % ((question,) + numbers))
    for question, counts in result["questions"].items():
        said = ["%s %d of %d right" % (name, it["right"], it["said"]) for name, it in counts["by_confidence"].items()]
        if said:
            lines.append("%s: %s" % (question, ", ".join(said)))
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Holds answers about TCP resets against the truth.")
    parser.add_argument("--view", choices=VIEWS, default="client", help="which capture was explained (default: client)")
    parser.add_argument("--json", action="store_true", help="one JSON object, rst-bench.score/1")
    parser.add_argument("cases", help="file of cases, JSON lines")
    parser.add_argument("answers", help="file of answers, JSON lines")
    options = parser.parse_args(arguments)
    try:
        cases = read_cases(options.cases, options.view)
        result = score(cases, read_answers(options.answers, cases))
    except BadFile as error:
        print("score.py: %s" % error, file=sys.stderr)
        return 2
    print(json.dumps(result) if options.json else table(result))
    return 0


if __name__ == "__main__":
    try:
        STATUS = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read this has seen enough; nothing more can be said there, also not by Python at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        STATUS = 0
    sys.exit(STATUS)
