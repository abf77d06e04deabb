#include "ltlab/hdf5/library.h"

#include <hdf5.h>

#include <mutex>
#include <type_traits>

#include "ltlab/base/error.h"

namespace ltlab::hdf5 {
namespace {

static_assert(std::is_same_v<hid_t, std::int64_t>, "the headers of this folder spell hid_t as std::int64_t");

// The library is one for the process, and so is its lock.
std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  // HDF5 loses some of its memory when it meets a damaged file, and its clean-up at exit would complain about
  // that
  // ("infinite loop closing library"). It has nothing to clean up: all handles are closed by their owners.
  [[maybe_unused]] static const herr_t no_clean_up = H5dont_atexit();
  return mutex;
}

struct ErrorText {
  std::string innermost, outermost;
};

herr_t collect_error(unsigned depth, const H5E_error2_t* error, void* data) {
  auto& text = *static_cast<ErrorText*>(data);
  const std::string description = error->desc ? error->desc : "";
  if (depth == 0) text.innermost = description;
  text.outermost = description;
  return 0;
}

std::string error_stack_text() {
  ErrorText text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect_error, &text);
  H5Eclear2(H5E_DEFAULT);
  if (text.innermost.empty()) return "HDF5 gives no reason";
  if (text.innermost == text.outermost) return text.innermost;
  return text.innermost + " (" + text.outermost + ")";
}

}  // namespace

LibraryLock::LibraryLock() {
  library_mutex().lock();
  H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

LibraryLock::~LibraryLock() {
  // Each thread has an error stack of its own. One that ends with errors on it keeps HDF5 from shutting down.
  H5Eclear2(H5E_DEFAULT);
  H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_);
  library_mutex().unlock();
}

void keep_plain(const Handle& creation) {
  constexpr unsigned kMost = 512;
  constexpr unsigned kFew = 256;
  check(H5Pset_obj_track_times(creation.id(), false), "HDF5", "drop timestamps");
  check(H5Pset_attr_phase_change(creation.id(), kMost, kFew), "HDF5", "choose the layout of attributes");
  check(H5Pset_link_phase_change(creation.id(), kMost, kFew), "HDF5", "choose the layout of links");
}

std::int64_t check(std::int64_t result, const std::string& where, const std::string& action) {
  if (result < 0) throw StoreError(where + ": cannot " + action + ": " + error_stack_text());
  return result;
}

}  // namespace ltlab::hdf5
