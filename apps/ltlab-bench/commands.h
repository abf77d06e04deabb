#pragma once

#include "ltlab/command_line.h"

namespace ltlab::bench {

using app::Arguments;

/// Each command parses its arguments, measures, prints, and returns the exit status; faults are thrown as
/// ltlab::Error.
int machine_command(const Arguments& arguments);
int kernels_command(const Arguments& arguments);
int steps_command(const Arguments& arguments);

}  // namespace ltlab::bench
