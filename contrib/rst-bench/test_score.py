"""Tests of score.py: python3 -m unittest test_score (in this folder)."""
import contextlib
import io
import json
import os
import tempfile
import unittest

import score

ENDS = ["10.77.0.1:40000", "10.77.0.2:8888"]
TRUTH = {
    "ends": [ENDS],
    "maker": [ENDS[1]],
    "phase": ["open"],
    "family": ["aborted"],
    "mechanism": ["close-unread", "exit-unread"],
}


def case(name="a", resets=(TRUTH,), **more):
    return {"case": name, "resets": {"client": list(resets), "server": [], "both": list(resets)}, **more}


def answer(name="a", ends=ENDS, **words):
    return {"case": name, "ends": ends, **words}


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        if not isinstance(content, bytes):
            content = "".join(json.dumps(value) + "\n" for value in content).encode()
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run_main(self, cases, answers, *options):
        """Exit status, standard output, standard error."""
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            status = score.main([*options, self.file("cases", cases), self.file("answers", answers)])
        return status, out.getvalue(), errors.getvalue()

    def score(self, answers, cases=(case(),), *options):
        status, out, errors = self.run_main(list(cases), answers, "--json", *options)
        self.assertEqual((status, errors), (0, ""))
        return json.loads(out)

    def refused(self, answers, cases=(case(),)):
        """The message of a file that is not in the format."""
        status, out, errors = self.run_main(cases if isinstance(cases, bytes) else list(cases), answers)
        self.assertEqual((status, out), (2, ""))
        self.assertTrue(errors.startswith("score.py: "), errors)
        return errors


class Scored(Files):
    def test_right_is_right_in_any_order_of_the_ends_and_with_any_accepted_word(self):
        words = {"maker": ENDS[1], "phase": "open", "family": {"is": "aborted"}, "mechanism": "exit-unread"}
        result = self.score([answer(ends=ENDS[::-1], **words)])
        self.assertEqual((result["resets"], result["found"], result["missing"], result["extra"]), (1, 1, 0, 0))
        for question in score.QUESTIONS:
            self.assertEqual(result["questions"][question]["points"], 100.0, question)

    def test_wrong_without_certainty_is_worth_nothing_and_costs_nothing(self):
        for said in ("late-data", {"is": "late-data", "confidence": "possible"}):
            family = self.score([answer(family=said)])["questions"]["family"]
            self.assertEqual((family["right"], family["wrong"], family["wrong_and_sure"]), (0, 1, 0))
            self.assertEqual(family["points"], 0.0)

    def test_sure_and_wrong_costs_what_right_earns(self):
        for confidence in ("likely", "certain"):
            said = {"is": "refused", "confidence": confidence}
            family = self.score([answer(family=said)])["questions"]["family"]
            self.assertEqual((family["wrong"], family["wrong_and_sure"], family["points"]), (0, 1, -100.0))
            self.assertEqual(family["by_confidence"], {confidence: {"said": 1, "right": 0}})

    def test_unknown_is_no_answer_and_never_wrong(self):
        for nothing in (None, "", "unknown", "unexplained", {"is": None, "confidence": "certain"}, {}):
            family = self.score([answer(family=nothing)])["questions"]["family"]
            self.assertEqual((family["no_answer"], family["wrong"], family["wrong_and_sure"]), (1, 0, 0))

    def test_what_is_missing_is_no_answer_to_every_question(self):
        result = self.score([])
        self.assertEqual((result["found"], result["missing"]), (0, 1))
        self.assertEqual(result["questions"]["maker"]["no_answer"], 1)

    def test_a_reset_where_there_is_none_is_extra(self):
        quiet = case("quiet", resets=())
        result = self.score([answer("quiet", family="aborted"), answer(ends=["x:1", "y:2"])], [case(), quiet])
        self.assertEqual((result["extra"], result["found"], result["missing"]), (2, 0, 1))

    def test_the_first_answer_about_a_reset_counts(self):
        two = {"is": "aborted", "confidence": "certain"}
        result = self.score([answer(family="refused"), answer(family=two)])
        self.assertEqual((result["repeated"], result["questions"]["family"]["right"]), (1, 0))

    def test_a_reset_behind_a_nat_is_one_under_either_name(self):
        inside = ["10.0.0.1:1", "10.0.0.9:2"]
        nat = {**TRUTH, "ends": [ENDS, inside]}
        result = self.score([answer(ends=inside, family="aborted")], [case(resets=[nat])])
        self.assertEqual((result["resets"], result["found"]), (1, 1))

    def test_each_view_has_its_own_truth(self):
        self.assertEqual(self.score([], [case()], "--view", "server")["resets"], 0)
        self.assertIsNone(self.score([], [case()], "--view", "server")["questions"]["maker"]["points"])
        self.assertEqual(self.score([], [case()], "--view", "both")["resets"], 1)

    def test_the_table_says_the_same_to_a_person(self):
        status, out, _ = self.run_main([case()], [answer(family={"is": "aborted", "confidence": "likely"})])
        self.assertEqual(status, 0)
        self.assertIn("1 resets in 1 cases: 1 found", out)
        self.assertIn("family: likely 1 of 1 right", out)

    def test_what_is_not_known_of_a_line_is_passed_over(self):
        result = self.score([answer(family="aborted", note="anything")], [case(license="x")])
        self.assertEqual(result["questions"]["family"]["right"], 1)


class Refused(Files):
    def test_what_is_no_json_is_named_with_file_and_line(self):
        message = self.refused(b'{"case":"a","ends":["x:1","y:2"]}\n\nnonsense\n')
        self.assertIn("answers:3: no JSON", message)

    def test_what_is_json_and_no_answer_says_why(self):
        for value, why in (
            ([1], "not an object"),
            (answer("b"), "there is no case 'b'"),
            ({"case": "a"}, "`ends` must be two endpoints"),
            (answer(ends=["x:1"]), "`ends` must be two endpoints"),
            (answer(ends=["x:1", 2]), "an endpoint must be a text"),
            (answer(family=7), "`family` must be a text or an object"),
            (answer(family={"is": ["aborted"]}), "`family` must be a text"),
            (answer(family={"is": "aborted", "confidence": "very"}), "one of certain, likely, possible"),
            (answer(family={"is": "aborted", "confidence": ["likely"]}), "a confidence is one of"),
        ):
            self.assertIn(why, self.refused([value]), value)

    def test_cases_without_a_truth_are_refused(self):
        self.assertIn("no case in it", self.refused([], b""))
        self.assertIn("stands here twice", self.refused([], [case(), case()]))
        self.assertIn("must have a list for the view", self.refused([], [{"case": "a", "resets": {}}]))
        self.assertIn("`family` must be a list", self.refused([], [case(resets=[{**TRUTH, "family": "aborted"}])]))

    def test_a_file_that_is_not_there_is_named(self):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            self.assertEqual(score.main([self.file("cases", [case()]), "/no/such/file"]), 2)
        self.assertIn("cannot read /no/such/file", errors.getvalue())

    def test_hostile_sizes_end_early(self):
        self.assertIn("a line of more than", self.refused(b'{"case":"' + b"a" * (score.LONGEST_LINE + 10)))
        self.assertIn("no JSON", self.refused(b"[" * 60_000))
        self.assertIn("at most 200 characters", self.refused([answer(family="a" * 201)]))
        self.assertIn("at most 200 characters", self.refused([answer(ends=["a" * 201, "b"])]))
        message = self.refused(b"x\n" * 5_000)
        self.assertEqual(message.count("no JSON"), score.MOST_COMPLAINTS)

    def test_more_lines_than_anybody_needs_are_refused(self):
        before, score.MOST_LINES = score.MOST_LINES, 3
        self.addCleanup(setattr, score, "MOST_LINES", before)
        self.assertIn("more than 3 lines", self.refused(b"\n" * 4))

    def test_a_file_of_more_octets_than_are_read_is_refused_unread(self):
        before, score.MOST_OCTETS = score.MOST_OCTETS, 1 << 20
        self.addCleanup(setattr, score, "MOST_OCTETS", before)
        self.assertIn("larger than 1 MiB", self.refused(b" " * ((1 << 20) + 1)))

    def test_control_characters_of_a_file_do_not_reach_the_terminal(self):
        self.assertNotIn("\x1b", self.refused([answer("\x1b[2J")]))
        self.assertNotIn("\x1b", self.refused(b'"\x1b[2J"'))

    def test_octets_that_are_no_text_are_refused(self):
        self.assertIn("no JSON", self.refused(b"\xff\xfe\x00"))


if __name__ == "__main__":
    unittest.main()
