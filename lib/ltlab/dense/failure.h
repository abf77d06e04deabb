#pragma once

#include <dnnl.h>

#include <new>
#include <string>

#include "ltlab/base/error.h"

// For use inside lib/ltlab/dense/ only.

namespace ltlab {

/// Throws std::bad_alloc where oneDNN ran out of memory, else an IoError.
[[noreturn]] inline void throw_failure(const std::string& primitive, dnnl_status_t status) {
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  throw IoError("oneDNN's " + primitive + " failed with status " + std::to_string(status) +
                ": free memory, then try again; or take --kernel sparse");
}

}  // namespace ltlab
