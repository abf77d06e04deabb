#pragma once

#include <iosfwd>
#include <memory>
#include <ostream>
#include <streambuf>

namespace ltlab::app {

/// While it lives, text printed to a stream commands no terminal: control characters except line breaks and
/// tabs are printed as \x1b. Names, runs and other files may be anybody's, and messages repeat their text.
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
