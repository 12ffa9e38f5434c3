"""Pack a wheel again, its Python compiled; runs in Pyodide, see `pack.py`."""

import importlib._bootstrap_external as bootstrap
import re
import zipfile

SITE = "/lib/python3.14/site-packages/"


def repack(source, target, leave_out):
    """Copy a wheel, with bytecode for its modules, without what is left out.

    Parameters
    ----------
    source, target : str
        Paths of the wheel and of its copy.
    leave_out : str
        A pattern of the files that the copy does without; nothing if empty.
    """
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w") as new,
    ):
        for name in sorted(old.namelist()):
            if name.endswith("/") or (leave_out and re.match(leave_out, name)):
                continue
            data = old.read(name)
            if name.endswith(".py"):
                name, data = name + "c", bytecode(name, data)
            # No date, so that the same files give the same bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, data, compresslevel=9)


def bytecode(name, source):
    """Return a module as Python keeps it, without a date."""
    code = compile(source, SITE + name, "exec", dont_inherit=True)
    return bytes(bootstrap._code_to_hash_pyc(code, bytes(8), False))
