#!/usr/bin/env python3
"""Tests of the test runner: what it counts and how it ends."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import run  # noqa: E402


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.addCleanup(setattr, run, "LOGS", run.LOGS)
        self.addCleanup(setattr, run, "ROOT", run.ROOT)
        run.LOGS = self.folder / "logs"
        run.ROOT = self.folder
        run.LOGS.mkdir()

    def stage(self, script, name="stage", **more):
        return run.Stage(name, [["sh", "-c", script]], **more)

    def run_stages(self, *stages):
        """Runs stages; returns the sum as text and what was printed."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            total = run.run_all(list(stages), dict(os.environ))
        return str(total), out.getvalue()

    def test_passed_failed_and_skipped(self):
        total, printed = self.run_stages(
            self.stage("exit 0", "good"),
            self.stage("echo oh no; exit 3", "bad"),
            self.stage("echo no Go here; exit 77", "away"))
        self.assertEqual(total, "1 passed, 1 failed, 1 skipped")
        self.assertIn("[2/3] bad: failed: exit status 3", printed)
        self.assertIn("    oh no\n", printed)
        self.assertIn("[3/3] away: skipped: no Go here", printed)

    def test_a_stage_may_give_its_own_numbers(self):
        total, _ = self.run_stages(self.stage("echo '7 passed, 0 failed, 2 skipped'"))
        self.assertEqual(total, "7 passed, 0 failed, 2 skipped")

    def test_numbers_cannot_hide_a_failure(self):
        total, _ = self.run_stages(self.stage("echo '7 passed, 0 failed, 0 skipped'; exit 1"),
                                   self.stage("echo '1 passed, 1 failed, 0 skipped'", "liar"))
        self.assertEqual(total, "8 passed, 2 failed, 0 skipped")

    def test_what_needs_a_failed_stage_is_skipped(self):
        total, printed = self.run_stages(
            self.stage("exit 1", "build", counted=False),
            self.stage("exit 0", "unit", needs=("build",)))
        self.assertEqual(total, "0 passed, 1 failed, 1 skipped")
        self.assertIn("unit: skipped: build did not pass", printed)

    def test_a_build_that_works_is_no_test(self):
        total, _ = self.run_stages(self.stage("exit 0", "build", counted=False))
        self.assertEqual(total, "0 passed, 0 failed, 0 skipped")

    def test_the_first_failing_command_ends_a_stage(self):
        stage = self.stage("exit 1")
        stage.commands.append(["touch", str(self.folder / "ran")])
        total, _ = self.run_stages(stage)
        self.assertEqual(total, "0 passed, 1 failed, 0 skipped")
        self.assertFalse((self.folder / "ran").exists())

    def test_a_program_that_is_not_there_fails(self):
        total, printed = self.run_stages(run.Stage("gone", [["/nonexistent/program"]]))
        self.assertEqual(total, "0 passed, 1 failed, 0 skipped")
        self.assertIn("cannot start", printed)

    def test_a_hung_stage_is_ended_with_its_children(self):
        pid_file = self.folder / "pid"
        total, printed = self.run_stages(
            self.stage(f"sleep 60 & echo $! > {pid_file}; wait", timeout_min=0.01))
        self.assertEqual(total, "0 passed, 1 failed, 0 skipped")
        self.assertIn("still running", printed)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(pid_file.read_text()), 0)

    def test_googletest_results_are_counted_and_old_ones_forgotten(self):
        (self.folder / "old.xml").write_text("<testsuites><testcase result='completed'/>"
                                             "</testsuites>")
        new = ("<testsuites><testsuite><testcase result='completed'/>"
               "<testcase result='skipped'/></testsuite></testsuites>")
        total, _ = self.run_stages(self.stage(f"echo \"{new}\" > {self.folder}/new.xml",
                                              results=str(self.folder / "*.xml")))
        self.assertEqual(total, "1 passed, 0 failed, 1 skipped")

    def test_a_failed_googletest_case_is_counted(self):
        xml = ("<testsuites><testcase result='completed'><failure/></testcase>"
               "<testcase result='completed'/></testsuites>")
        total, _ = self.run_stages(self.stage(f"echo \"{xml}\" > {self.folder}/a.xml; exit 8",
                                              results=str(self.folder / "*.xml")))
        self.assertEqual(total, "1 passed, 1 failed, 0 skipped")


if __name__ == "__main__":
    unittest.main()
