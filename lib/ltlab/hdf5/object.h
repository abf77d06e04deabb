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
  Object(Handle handle, std::string file_name, std::string path);

  /// Returns the names of all attributes, sorted.
  std::vector<std::string> attribute_names() const;
  bool has_attribute(const std::string& name) const;

  /// Any width of integer or float is read as std::uint64_t or double. StoreError: absent or of another type.
  Attribute attribute(const std::string& name) const;
  /// Returns the attribute if it has the type of `like`. StoreError: absent or of another type.
  Attribute attribute_like(const std::string& name, const Attribute& like) const;
  std::string string_attribute(const std::string& name) const {
    return std::get<std::string>(attribute_like(name, ""));
  }
  double double_attribute(const std::string& name) const {
    return std::get<double>(attribute_like(name, 0.0));
  }
  std::uint64_t unsigned_attribute(const std::string& name) const {
    return std::get<std::uint64_t>(attribute_like(name, std::uint64_t{0}));
  }

  /// Creates the attribute, or replaces it.
  void set_attribute(const std::string& name, const Attribute& value);

  /// Returns "'FILE' at '/group/dataset'", for messages.
  std::string where() const;
  const std::string& file_name() const { return file_name_; }
  /// Returns the absolute path within the file: "/", "/mask/fc1.weight".
  const std::string& path() const { return path_; }

 protected:
  std::int64_t id() const { return handle_.id(); }

 private:
  Handle handle_;
  std::string file_name_;
  std::string path_;
};

}  // namespace ltlab::hdf5
