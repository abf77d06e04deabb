#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ltlab/base/tensor.h"
#include "ltlab/hdf5/object.h"

namespace ltlab::hdf5 {

enum class ElementClass { integer, floating, string, compound, other };

/// The type of one element of a dataset, as the file stores it.
struct ElementType {
  ElementClass kind = ElementClass::other;
  std::size_t bytes = 0;   ///< in memory, before any packing by filters
  bool is_signed = false;  ///< for integers
  std::string name;        ///< "uint8", "uint8 (1 bit)", "float32", "string[12]", "compound{step:uint64,...}"
};

/// Room for an array's elements, of one of these types.
using Numbers = std::variant<std::span<float>, std::span<double>, std::span<std::uint8_t>,
                             std::span<std::int64_t>, std::span<std::uint64_t>>;

/// An array of an open file.
class Dataset : public Object {
 public:
  Dataset(Handle handle, std::string file_name, std::string path);

  /// Extents, slowest axis first; empty for a scalar.
  const Shape& shape() const { return shape_; }
  /// Number of elements.
  std::size_t size() const { return element_count(shape_); }
  const ElementType& element() const { return element_; }

  /// Reads everything, row-major, into `values`, which must hold size() elements (ConfigError otherwise).
  /// HDF5 converts between numeric types and clamps what does not fit: look at element() first.
  /// StoreError where a chunk is damaged or the elements are no numbers.
  void read(const Numbers& values) const;

  /// Returns all elements as the file's type defines their bytes, not converted: size() * element().bytes.
  std::vector<std::byte> read_raw() const;

 private:
  friend class Group;

  void read_as(std::int64_t memory_type, void* values, std::size_t count) const;

  Shape shape_;
  ElementType element_;
};

}  // namespace ltlab::hdf5
