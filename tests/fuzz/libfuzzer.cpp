// Has libFuzzer drive the target that `--target=NAME` names: it passes over what begins with two dashes.
#include <sys/socket.h>

#include <cstdlib>
#include <string_view>
#include <thread>

#include "fuzz/targets.h"
#include "ltlab/hdf5/child.h"
#include "ltlab/store/record_files.h"

// libFuzzer watches one process. In the places of the functions that read in a child, the linker puts
// (--wrap) these, which read here: a file at which HDF5 itself crashes ends the process, and run.sh feeds it
// to the replay, whose child takes the crash.
namespace ltlab::hdf5 {
void check_here(FileChecker* checker, const std::filesystem::path& path) __asm__(
    "__wrap__ZN5ltlab4hdf511FileChecker5checkERKNSt10filesystem7__cxx114pathE");
void read_here(const std::filesystem::path& path, const std::function<std::function<void(const ChildPipe&)>()>& read, const std::function<bool(const ChildPipe&)>& receive) __asm__(
    "__wrap__ZN5ltlab4hdf513read_in_childERKNSt10filesystem7__cxx114pathERKSt8functionIFS6_IFvRKNS0_"
    "9ChildPipeEE"
    "EvEERKS6_IFbS9_EE");

void check_here(FileChecker* /*checker*/, const std::filesystem::path& path) {
  checked_digest(path);
}

void read_here(const std::filesystem::path& /*path*/,
               const std::function<std::function<void(const ChildPipe&)>()>& read,
               const std::function<bool(const ChildPipe&)>& receive) {
  const auto tell = read();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) std::abort();
  const ChildPipe ours{FileDescriptor(ends[0])}, theirs{FileDescriptor(ends[1])};
  const std::jthread teller([&] { tell(theirs); });
  if (!receive(ours)) std::abort();
}
}  // namespace ltlab::hdf5

namespace {

const ltlab::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kTarget = "--target=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view word = (*argv)[i];
    if (word.starts_with(kTarget)) chosen = &ltlab::fuzz::target(std::string(word.substr(kTarget.size())));
  }
  if (!chosen) std::exit(2);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({data, size});
  return 0;
}
