"""How ltlab's scripts write files: whole or not at all, and never over a file of a run."""

import os
from contextlib import contextmanager
from pathlib import Path

from script_errors import InputError


@contextmanager
def replacing(path):
    """Where to write what the file `path` shall hold: it takes that name once it is whole. What goes wrong leaves there
    what there was."""
    path = Path(path)
    _require_target(path)
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)  # of a script that was killed, or a link to elsewhere
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.errno and not error.filename:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path, content):
    """Writes bytes to a file that appears whole, or stays what it was."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _require_target(path):
    """InputError where a script must not write: over what is no ordinary file, or among the files of a run."""
    if path.is_symlink():
        raise InputError(f"{path} is a symbolic link; name the file itself")
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is {'a folder' if path.is_dir() else 'no ordinary file'}; name a file")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} for {path.name}")
    if path.suffix == ".h5" and (path.parent / "run.h5").exists():
        raise InputError(f"{path} lies among the files of a run, which only ltlab writes; name a file elsewhere")
