"""How ltlab's scripts write files: whole or not at all, and never over a file of a run."""

import os
from pathlib import Path

from script_errors import InputError


def require_target(path):
    """InputError where a script must not write: over what is no ordinary file, or among the files of a run."""
    path = Path(path)
    if path.is_symlink():
        raise InputError(f"{path} is a symbolic link; name the file itself")
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is {'a folder' if path.is_dir() else 'no ordinary file'}; name a file")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} for {path.name}")
    if path.suffix == ".h5" and (path.parent / "run.h5").exists():
        raise InputError(f"{path} lies among the files of a run, which only ltlab writes; name a file elsewhere")


def temporary_of(path):
    """Where the file `path` is written until it is whole; what a killed script left there is gone."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    return temporary


def write_whole(path, content):
    """Writes bytes to a file that appears whole, or stays what it was."""
    path = Path(path)
    require_target(path)
    temporary = temporary_of(path)
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)
