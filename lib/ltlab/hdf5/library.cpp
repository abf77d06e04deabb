#include "ltlab/hdf5/library.h"

#include <hdf5.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <type_traits>

#include "ltlab/base/error.h"
#include "ltlab/base/memory_crash.h"

namespace ltlab::hdf5 {
namespace {

static_assert(std::is_same_v<hid_t, std::int64_t>, "the headers of this folder spell hid_t as std::int64_t");

// HDF5 loses some of its memory when it meets a damaged file, and its clean-up at exit would complain about
// that ("infinite loop closing library"). It has nothing to clean up: all handles are closed by their owners.
[[maybe_unused]] const herr_t kNoCleanUp = H5dont_atexit();
// Called before main(), while there is memory: without it, HDF5 crashes during its initialization and in the
// first call of any function, whose context it keeps for later calls.
const herr_t kMadeReady = H5open() < 0 ? -1 : H5Eclear2(H5E_DEFAULT);
// The caches of a file's metadata begin with half a megabyte of zeros. Kept from one file to the next, beyond
// the default of 64 KiB, they are not requested from the system again. The other limits are the defaults.
constexpr int kKiB = 1 << 10, kMiB = 1 << 20;
[[maybe_unused]] const herr_t kCachesKept =
    H5set_free_list_limits(8 * kMiB, 2 * kMiB, 4 * kMiB, 256 * kKiB, 16 * kMiB, 1 * kMiB);

// There is one library for the process, and so one lock, and one record whether the library can be trusted.
std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

// These are guarded by library_mutex().
bool failed_to_close = false;
int closing_error = 0;  // errno then
int locks = 0;          // how deeply they are nested

// The library's report on a call that failed.
struct Failure {
  std::string innermost, outermost;
  int system_error = 0;  // if the system is to blame; ENOMEM for memory; 0 if the file is
  bool lock = false;     // another program holds one

  std::string text() const {
    if (innermost.empty()) return "HDF5 gives no reason";
    return innermost == outermost ? innermost : innermost + " (" + outermost + ")";
  }
};

// Returns whether this error means that the system refuses, whatever the file holds.
bool is_the_systems(int error) {
  constexpr int kSystem[] = {EIO,    EMFILE, ENFILE, ENOMEM, EACCES, EPERM,     ESTALE, EAGAIN, EINTR,
                             ENOSPC, EDQUOT, EROFS,  ENOLCK, ENXIO,  ETIMEDOUT, EBUSY,  ETXTBSY};
  return std::find(std::begin(kSystem), std::end(kSystem), error) != std::end(kSystem);
}

// Returns the system error that an entry of the error stack contains; 0 if there is none.
int told_error(std::string_view description) {
  constexpr std::string_view kTold = "errno = ";
  const auto at = description.find(kTold);
  return at == std::string_view::npos ? 0 : std::atoi(description.data() + at + kTold.size());
}

bool tells_lack_of_memory(const H5E_error2_t& error, std::string_view description) {
  return error.min_num == H5E_NOSPACE || error.min_num == H5E_CANTALLOC ||
         description.find("memory") != std::string_view::npos ||
         description.find("inflateInit") != std::string_view::npos;  // zlib's first allocation
}

herr_t collect_error(unsigned depth, const H5E_error2_t* error, void* data) {
  try {
    auto& failure = *static_cast<Failure*>(data);
    const std::string description = error->desc ? error->desc : "";
    if (depth == 0) failure.innermost = description;
    failure.outermost = description;
    if (failure.system_error != 0) return 0;
    const int told = told_error(description);
    if (is_the_systems(told)) failure.system_error = told;
    failure.lock = (told == EAGAIN || told == EACCES) && description.starts_with("unable to lock file");
    if (failure.system_error == 0 && tells_lack_of_memory(*error, description)) failure.system_error = ENOMEM;
    return 0;
  } catch (...) {
    static_cast<Failure*>(data)->system_error = ENOMEM;
    return 0;
  }
}

// `error` is errno as the call left it: the library does not always pass on the system's error, since that
// may take memory.
Failure last_failure(int error) {
  Failure failure;
  const herr_t walked = H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect_error, &failure);
  const herr_t cleared = H5Eclear2(H5E_DEFAULT);
  if (error == ENOMEM) remember_lack_of_memory();
  const bool untold = failure.innermost.empty() || walked < 0 || cleared < 0;
  if (failure.system_error == 0 && is_the_systems(error)) failure.system_error = error;
  if (failure.system_error == 0 && (untold || lacked_memory())) failure.system_error = ENOMEM;
  return failure;
}

[[noreturn]] void throw_system(const Failure& failure, const std::string& what) {
  if (failure.lock) {
    throw IoError(what + ": another program holds it locked (" + std::strerror(failure.system_error) +
                  "); close that program or wait for it, then try again");
  }
  if (failure.system_error == ENOMEM) {
    throw IoError(what + ": out of memory (" + failure.text() + "); free some, then try again");
  }
  throw IoError(
      what + ": " + std::strerror(failure.system_error) +
      "; the system refused, and the file may well be whole: wait or mend the cause, then try again");
}

[[noreturn]] void fail(int error, const std::string& where, const std::string& action) {
  const Failure failure = last_failure(error);
  const std::string what = where + ": cannot " + action;
  if (failure.system_error != 0) throw_system(failure, what);
  throw StoreError(what + ": " + failure.text());
}

[[noreturn]] void fail_to_make(int error) {
  const Failure failure = last_failure(error);
  const std::string what = "HDF5 cannot make what a file needs";
  if (failure.system_error != 0) throw_system(failure, what);
  throw IoError(what + ": " + failure.text() + "; free memory, then try again");
}

void require_closed() {
  if (!failed_to_close) return;
  throw IoError(std::string("HDF5 failed to close a file before (") + std::strerror(closing_error) +
                "), and may go wrong from here on: wait or mend the cause, then start again");
}

}  // namespace

LibraryLock::LibraryLock() {
  const std::unique_lock<std::recursive_mutex> held(library_mutex());
  require_closed();
  check_made(kMadeReady);
  quiet_.emplace();
  if (locks++ == 0) errno = 0;
  library_mutex().lock();  // once more than `held` unlocks
}

LibraryLock::~LibraryLock() {
  if (errno == ENOMEM) remember_lack_of_memory();
  --locks;
  // Each thread has an error stack of its own. A thread that ends with errors on it keeps HDF5 from shutting
  // down. A failure of this call harms nothing.
  static_cast<void>(H5Eclear2(H5E_DEFAULT));
  quiet_.reset();
  library_mutex().unlock();
}

void lift_lock_in_child() {
  new (&library_mutex()) std::recursive_mutex;  // a thread of the parent owns the old one
  locks = 0;
}

std::int64_t check(std::int64_t result, const std::string& where, const std::string& action) {
  if (result < 0) fail(errno, where, action);
  return result;
}

std::size_t check_size(std::size_t size, const std::string& where, const std::string& action) {
  if (size == 0) fail(errno, where, action);
  return size;
}

std::string check_text(char* text, const std::string& where, const std::string& action) {
  if (!text) fail(errno, where, action);
  const auto free = [](char* memory) { static_cast<void>(H5free_memory(memory)); };
  const std::unique_ptr<char, decltype(free)> owned(text, free);
  return text;
}

std::int64_t check_made(std::int64_t result) {
  if (result < 0) fail_to_make(errno);
  return result;
}

void check_system(const std::string& where, const std::string& action) {
  const Failure failure = last_failure(errno);
  if (failure.system_error != 0) throw_system(failure, where + ": cannot " + action);
}

bool give_back(std::int64_t id) noexcept {
  const std::lock_guard<std::recursive_mutex> held(library_mutex());
  if (failed_to_close) return false;
  // An object in a file is gone once the file is closed.
  const htri_t valid = H5Iis_valid(id);
  if (valid == 0) return true;
  const Quiet quiet;
  if (valid > 0 && H5Idec_ref(id) >= 0) return true;
  failed_to_close = true;
  closing_error = is_the_systems(errno) ? errno : ENOMEM;
  return false;
}

void throw_unclosed(const std::string& what) {
  const Failure failure = last_failure(errno);
  throw IoError("HDF5 cannot close " + what + ": " + failure.text() +
                "; free memory, see whether the disk is well, then try again");
}

void keep_plain(const Handle& creation) {
  constexpr unsigned kMost = 512;
  constexpr unsigned kFew = 256;
  check_made(H5Pset_obj_track_times(creation.id(), false));
  check_made(H5Pset_attr_phase_change(creation.id(), kMost, kFew));
  check_made(H5Pset_link_phase_change(creation.id(), kMost, kFew));
}

Handle string_type(std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1));
  check_made(H5Tset_size(type.id(), std::max<std::size_t>(bytes, 1)));
  check_made(H5Tset_strpad(type.id(), H5T_STR_NULLPAD));
  check_made(H5Tset_cset(type.id(), H5T_CSET_UTF8));
  return type;
}

}  // namespace ltlab::hdf5
