#include "ltlab/store/provenance.h"

#include <sys/utsname.h>

#include <ctime>
#include <fstream>
#include <string_view>

#include "ltlab/hdf5/file.h"
#include "ltlab/kernels/sparse_linear.h"
#include "ltlab/store/build_info.h"
#include "ltlab/store/git_revision.h"

namespace ltlab {
namespace {

utsname system_names() {
  utsname names{};
  ::uname(&names);
  return names;
}

// Linux names x86 processors here; for others only the architecture is known.
std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  constexpr std::string_view kKey = "model name";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kKey)) continue;
    const auto colon = line.find(':');
    if (colon != std::string::npos && colon + 2 <= line.size()) return line.substr(colon + 2);
  }
  return system_names().machine;
}

std::string operating_system() {
  const utsname names = system_names();
  return std::string(names.sysname) + " " + names.release + " " + names.machine;
}

}  // namespace

Provenance collect_provenance() {
  return {{"ltlab_version", build::kVersion},
          {"git_revision", build::kGitRevision},
          {"compiler", build::kCompiler},
          {"compiler_flags", build::kCompilerFlags},
          {"hdf5_version", hdf5::library_version()},
          {"onednn_version", build::kOneDnnVersion},
          {"highway_version", build::kHighwayVersion},
          {"eigen_version", build::kEigenVersion},
          {"cpu_model", cpu_model()},
          {"simd_target", simd_target()},
          {"operating_system", operating_system()}};
}

}  // namespace ltlab
