#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ltlab/hdf5/handle.h"

namespace ltlab::hdf5 {

/// The value of a scalar attribute. Strings are UTF-8 of fixed length: unlike HDF5's variable-length strings,
/// these lie where the library checksums them.
using Attribute = std::variant<std::string, double, std::uint64_t>;

/// A group or dataset of an open file, with its attributes.
class Object {
 public:
  /// Returns the names of all attributes, sorted.
  std::vector<std::string> attribute_names() const;
  bool has_attribute(const std::string& name) const;

  /// Any width of integer or float is read as std::uint64_t or double. StoreError: absent or of another type.
  Attribute attribute(const std::string& name) const;
  std::string string_attribute(const std::string& name) const;
  double double_attribute(const std::string& name) const;
  std::uint64_t unsigned_attribute(const std::string& name) const;

  /// Creates the attribute, or replaces it.
  void set_attribute(const std::string& name, const Attribute& value);

  /// Returns "'FILE' at '/group/dataset'", for messages.
  std::string where() const;
  const std::string& file_name() const { return file_name_; }
  /// Returns the absolute path within the file: "/", "/mask/fc1.weight".
  const std::string& path() const { return path_; }

 protected:
  Object(Handle handle, std::string file_name, std::string path);
  std::int64_t id() const { return handle_.id(); }

 private:
  Handle handle_;
  std::string file_name_;
  std::string path_;
};

}  // namespace ltlab::hdf5
