#pragma once

namespace ltlab {

/// Makes crashes for lack of memory call `act` from now on: without memory many libraries crash (libhdf5
/// follows null pointers, libstdc++ throws through noexcept, or cannot throw at all). A crash (SIGSEGV,
/// SIGBUS, SIGFPE, SIGILL, SIGABRT, std::terminate) counts if an allocation was the last thing to fail in its
/// thread, as errno shows, or after one has failed as below; any other goes its way. `act` runs in a signal
/// handler and must not return.
void on_crash_without_memory(void (*act)());

/// Records that an allocation failed within a library, which may go on and crash or fail only later.
void remember_lack_of_memory();
bool lacked_memory();

}  // namespace ltlab
