#pragma once

#include <iosfwd>
#include <memory>
#include <ostream>
#include <streambuf>

namespace ltlab::app {

/// While it lives, what is printed to a stream commands no terminal: control characters but line breaks and
/// tabs are printed as \x1b. Names, runs and other files may be anybody's, and messages repeat what they say.
class PlainOutput {
 public:
  explicit PlainOutput(std::ostream& stream);
  ~PlainOutput();
  PlainOutput(const PlainOutput&) = delete;
  PlainOutput& operator=(const PlainOutput&) = delete;

 private:
  std::ostream& stream_;
  std::streambuf* before_;
  std::unique_ptr<std::streambuf> plain_;
};

}  // namespace ltlab::app
