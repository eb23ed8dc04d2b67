#!/usr/bin/env python3
"""The bus suite: suite.py [MODULE[.CLASS[.TEST]]]…, by default all that can run here.

With TIDEWAY_BACKEND (tests/tidb/with_server.py) it runs what needs one database below several
nodes, else the rest. TIDEWAY_BUS_OFF=1 takes the nodes off the bus: then tests must fail.
"""

import os
import signal
import sys
import unittest

import lab  # noqa: F401  (where the modules of the tests find theirs)

EMBEDDED = ["rig_test", "channels_test", "access_test", "faults_test", "slow_test", "clients_test",
            "configuration_test", "notifications_test"]
TIDB = ["notifications_test", "ion_test", "clients_test"]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are ended, then
    names = sys.argv[1:] or (TIDB if os.environ.get("TIDEWAY_BACKEND") else EMBEDDED)
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, warnings="ignore").run(suite)
    # A skipped class is one entry; what is for the other kind of store is not told as skipped.
    failed = len(result.failures) + len(result.errors)
    skipped = [why for _, why in result.skipped if "TIDEWAY_BACKEND" not in why]
    passed = result.testsRun - failed - len(result.skipped)
    print(f"{max(0, passed)} passed, {failed} failed, {len(skipped)} skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
