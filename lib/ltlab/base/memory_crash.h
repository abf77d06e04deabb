#pragma once

namespace ltlab {

/// Where memory runs out, many a library crashes: libhdf5 follows null pointers, libstdc++ throws through
/// noexcept. From now on `act` is called when a thread crashes (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) in
/// which an allocation was the last thing to fail, as errno tells; any other crash goes its way. `act` runs
/// in a signal handler and must not return.
void on_crash_without_memory(void (*act)());

}  // namespace ltlab
