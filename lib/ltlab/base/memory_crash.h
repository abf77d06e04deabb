#pragma once

namespace ltlab {

/// Where memory runs out, many a library crashes: libhdf5 follows null pointers, libstdc++ throws through
/// noexcept. From now on `act` is called when a thread crashes (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) in
/// which an allocation was the last thing to fail, as errno tells, or after one has failed as below; any
/// other crash goes its way. `act` runs in a signal handler and must not return.
void on_crash_without_memory(void (*act)());

/// Says that an allocation failed within a library that may go on without, and crash or fail only later.
void remember_lack_of_memory();
bool lacked_memory();

}  // namespace ltlab
