"""The browser of the site's tests: the machine's own, or Playwright's in the environment.

`make test` calls this first: where no browser starts, nothing else needs to.
"""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import Error, sync_playwright

NAMES = "chromium chromium-browser google-chrome google-chrome-stable".split()
QUIET = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
    --disable-background-networking --disable-component-update""".split()
MISSING = (
    "No browser starts on this machine, and the tests of the site need one: install Chromium "
    "or Chrome (on Debian: apt-get install chromium)."
)
# Playwright's browser belongs into the environment, unless somebody says where to keep it.
os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", "0")


def start(playwright):
    """Start the first browser that starts."""
    paths = [{"executable_path": path} for path in map(shutil.which, NAMES) if path]
    for choice in [*paths, {"channel": "chrome"}, {}]:
        try:
            return playwright.chromium.launch(args=QUIET, **choice)
        except Error:  # a name that leads nowhere, such as the stub of a snap
            continue
    raise LookupError(MISSING)


def main():
    """Bring Playwright's browser where the machine has none; the exit code says whether one starts.

    A driver that was running during the download would not see it, hence a new one.
    """
    for bring in (False, True):
        if bring:
            print("No browser on this machine: fetching Playwright's.", flush=True)
            command = [sys.executable, "-m", "playwright", "install", "chromium"]
            subprocess.run(command, capture_output=True, check=False)
        with sync_playwright() as playwright:
            try:
                return start(playwright).close()
            except LookupError:
                continue
    return MISSING


if __name__ == "__main__":
    sys.exit(main())
