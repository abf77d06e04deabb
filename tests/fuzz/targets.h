#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ltlab::fuzz {

using Bytes = std::span<const std::uint8_t>;

/// A reader of what may be anybody's. `run` feeds it any bytes, and says whether it takes them. Others it
/// must answer with an ltlab::Error: it crashes where the reader does, or lets another exception out.
struct Target {
  std::string name;
  bool (*run)(Bytes input);
};

const std::vector<Target>& targets();

/// The target of that name; ends the program with a message where there is none.
const Target& target(const std::string& name);

/// Writes inputs that are right into FOLDER/TARGET/, those of binary formats; seeds/ holds the others.
void write_seeds(const std::filesystem::path& folder);

}  // namespace ltlab::fuzz
