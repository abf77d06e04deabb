#pragma once

#include "command_line.h"

namespace ltlab::app {

/// Each command parses its arguments, calls the library, prints, and returns the exit status. Faults are
/// thrown as ltlab::Error; main() prints them and turns them into an exit status.
int search_command(const Arguments& arguments);
int study_command(const Arguments& arguments);
int compare_command(const Arguments& arguments);
int data_command(const Arguments& arguments);
int inspect_command(const Arguments& arguments);
int landscape_command(const Arguments& arguments);
int model_command(const Arguments& arguments);
int power_command(const Arguments& arguments);
int report_command(const Arguments& arguments);
int verify_command(const Arguments& arguments);

}  // namespace ltlab::app
