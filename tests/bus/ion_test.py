"""ion's own db.Watch on one node sees what ion's own db makes through a node of another region."""

import os
import pathlib
import subprocess
import unittest

from lab import ROOT, Node
from regions import Regions

BUILD_S = 1800
RUN_S = 300


@unittest.skipUnless(os.environ.get("TIDEWAY_BACKEND"), "wants a TiDB: TIDEWAY_BACKEND")
class IonTest(unittest.TestCase):
    def test_db_watch_of_another_region(self):
        built = subprocess.run([ROOT / "tests" / "ion" / "build.sh"], stdout=subprocess.PIPE,
                               text=True, timeout=BUILD_S, check=False)
        lines = built.stdout.splitlines() or [""]
        if built.returncode == 77:
            self.skipTest(lines[-1])
        self.assertEqual(built.returncode, 0)
        regions = self.enterContext(Regions())
        near, far = (self.enterContext(Node(regions[name][0])) for name in ("east", "west"))
        done = subprocess.run(
            [pathlib.Path(lines[-1]) / "peers.test", "-test.v", "-test.timeout", f"{RUN_S}s",
             "-test.run", "TestWatchSeesAnotherNode"],
            env={**os.environ, "ION_WATCHED_NODE": f"127.0.0.1:{near.port}",
                 "ION_WRITING_NODE": f"127.0.0.1:{far.port}"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:])
        self.assertIn("--- PASS: TestWatchSeesAnotherNode", done.stdout, done.stdout[-4000:])
