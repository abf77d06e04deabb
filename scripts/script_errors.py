"""How ltlab's scripts fail: by a sentence and ltlab's own exit status, never by a traceback."""

import sys

BAD_INPUT, SYSTEM, INTERRUPTED = 3, 5, 130


class InputError(Exception):
    """A file or folder that cannot be used as asked; the message says which, why and what to do."""


def run_script(name, command):
    """Calls `command`; what goes wrong ends the script `name` with a sentence on standard error."""
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
