#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ltlab/hdf5/dataset.h"
#include "ltlab/hdf5/object.h"

namespace ltlab::hdf5 {

enum class LinkKind { group, dataset, soft, external, other };

/// An entry of a group. Links are reported as such and not followed.
struct Link {
  std::string name;
  LinkKind kind = LinkKind::other;
  std::string target;  ///< of a soft link, its path; of an external link, the other file's name
};

/// One column of a table: a compound dataset of rank 1. Its alternatives are in the order of Attribute's.
struct Column {
  using Values = std::variant<std::vector<std::string>, std::vector<double>, std::vector<std::uint64_t>>;
  std::string name;
  Values values;
};

/// The elements of an array, of one of these types.
using ConstNumbers = std::variant<std::span<const float>, std::span<const double>,
                                  std::span<const std::uint8_t>, std::span<const std::int64_t>>;

/// A group of an open file. Names may be paths: "mask/fc1.weight"; groups on the way are created as needed.
/// Every array is chunked, compressed and carries Fletcher32 checksums.
class Group : public Object {
 public:
  using Object::Object;

  /// Returns the links, sorted by name.
  std::vector<Link> links() const;
  /// Returns whether `name` can be opened; false also for a link whose target is missing.
  bool contains(const std::string& name) const;

  /// Opens a group. StoreError: no such group.
  Group group(const std::string& name) const;
  Group create_group(const std::string& name);

  /// Opens a dataset. StoreError: no such dataset; the message lists those there are.
  Dataset dataset(const std::string& name) const;

  /// Writes shuffled, deflated little-endian numbers. ConfigError unless `values` has element_count(shape).
  Dataset write(const std::string& name, const Shape& shape, const ConstNumbers& values);

  /// Writes zeros and ones, one bit each on disk (n-bit filter) and then deflated; they are read as uint8.
  Dataset write_bits(const std::string& name, const Shape& shape, std::span<const std::uint8_t> values);

  /// Writes columns of equal length (ConfigError otherwise), each value in 8 bytes or as a UTF-8 string of
  /// the longest one's length.
  Dataset write_table(const std::string& name, const std::vector<Column>& columns);
  /// Returns the columns in the file's order; integers are read as std::uint64_t, floats as double.
  std::vector<Column> read_table(const std::string& name) const;

  /// Links to the root of another file; a relative name counts from this file's folder. The target need not
  /// exist. A link of that name is replaced.
  void link_external(const std::string& name, const std::string& other_file);
  /// Removes the entry.
  void unlink(const std::string& name);

 private:
  Dataset write_array(const std::string& name, const Shape& shape, std::int64_t file_type,
                      std::int64_t memory_type, std::int64_t creation, const void* values, std::size_t count);
  std::string path_of(const std::string& name) const;
};

}  // namespace ltlab::hdf5
