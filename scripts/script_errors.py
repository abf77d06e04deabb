"""How ltlab's scripts fail: by a sentence and ltlab's own exit status, never by a traceback."""

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

BAD_INPUT, SYSTEM, INTERRUPTED = 3, 5, 130


class InputError(Exception):
    """A file or folder that cannot be used as asked; the message says which, why and what to do."""


class InputWarning(UserWarning):
    """What was done may not be what is meant."""


def require_file(path, advice):
    """InputError where there is no regular file: of a pipe one would wait for ever."""
    if not Path(path).is_file():
        raise InputError(f"there is no file {path}; {advice}")


@contextmanager
def reading(what, advice):
    """Turns what goes wrong with something that is not as it should be into an InputError; the system's own faults, which
    have a number, stay what they are."""
    try:
        yield
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise InputError(f"{what} is damaged, or something else: {error or type(error).__name__}; {advice}") from error


def run_script(name, command):
    """Calls `command`; what goes wrong ends the script `name` with a sentence on standard error."""
    show = warnings.showwarning
    warnings.showwarning = lambda message, category, *place, **more: (
        print(f"{name}: note: {message}", file=sys.stderr) if category is InputWarning
        else show(message, category, *place, **more))
    try:
        command()
    except InputError as error:
        _end(name, error, BAD_INPUT)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        _end(name, error, BAD_INPUT)
    except ModuleNotFoundError as error:
        _end(name, f"{error}; Debian has it as python3-{error.name}", SYSTEM)
    except MemoryError:
        _end(name, "memory is full; close other programs, or take a machine that has more", SYSTEM)
    except OSError as error:
        _end(name, error, SYSTEM)
    except KeyboardInterrupt:
        _end(name, "interrupted", INTERRUPTED)


def _end(name, error, status):
    print(f"{name}: {error}", file=sys.stderr)
    sys.exit(status)
