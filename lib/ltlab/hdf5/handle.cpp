#include "ltlab/hdf5/handle.h"

#include <hdf5.h>

#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {

Handle::~Handle() {
  if (id_ == kNone) return;
  const LibraryLock lock;
  H5Idec_ref(id_);
}

}  // namespace ltlab::hdf5
