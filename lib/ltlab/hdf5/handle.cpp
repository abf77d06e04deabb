#include "ltlab/hdf5/handle.h"

#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {

Handle::Handle(std::int64_t id) : id_(check_made(id)) {}

Handle::~Handle() {
  if (id_ != kNone) give_back(id_);
}

void Handle::close(const std::string& what) {
  if (!give_back(std::exchange(id_, kNone))) throw_unclosed(what);
}

}  // namespace ltlab::hdf5
