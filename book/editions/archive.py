"""Pack the site into one file that is unpacked and read without a network.

    python book/editions/archive.py _build/html _build/editions/site.zip

The live edition stays out (a browser runs nothing from a file), and so do the editions themselves
and what only a server needs; pages lose the offers of what is not there. The same site gives the
same bytes.
"""

import argparse
import re
import zipfile
from pathlib import Path

TOP = "what-the-data-hide"  # the folder that it unpacks into
LEFT_OUT = {
    *("live", "editions", "slides", "404.html", "robots.txt"),
    *(".buildinfo", ".built", ".live", ".slides", ".editions", ".nojekyll"),
}
OFFERS = re.compile(rb"<!-- (live|editions) -->.*?<!-- /\1 -->", re.DOTALL)


def pack(site, out):
    """Write the archive; return the names of its files.

    Parameters
    ----------
    site : Path
        The built site.
    out : Path
        The archive.
    """
    files = [
        path
        for path in sorted(site.rglob("*"))
        if path.is_file() and path.relative_to(site).parts[0] not in LEFT_OUT
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for path in files:
            name = f"{TOP}/{path.relative_to(site).as_posix()}"
            data = path.read_bytes()
            if path.suffix == ".html":
                data = OFFERS.sub(b"", data)
            archive.writestr(stamped(name), data, zipfile.ZIP_DEFLATED, compresslevel=9)
    part.replace(out)
    return [str(path.relative_to(site)) for path in files]


def stamped(name):
    """Return a file's entry in a zip, without a date or an owner."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    return entry


def main(arguments=None):
    """Pack the site."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    files = pack(options.site, options.out)
    print(f"{options.out}: {len(files)} files, {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
