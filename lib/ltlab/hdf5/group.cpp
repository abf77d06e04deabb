#include "ltlab/hdf5/group.h"

#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/hdf5/library.h"
#include "ltlab/hdf5/limits.h"

namespace ltlab::hdf5 {
namespace {

constexpr unsigned kDeflateLevel = 4;  // twice as fast as 6, and 1 % larger for weights, 5 % for masks
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;  // HDF5's default chunk cache holds one of these

// Returns the whole array if it is small, else halves it along its slowest axes: chunks are runs of memory.
std::vector<hsize_t> chunk_extents(const Shape& shape, std::size_t element_bytes) {
  std::vector<hsize_t> chunk(shape.begin(), shape.end());
  std::size_t bytes = element_count(shape) * element_bytes;
  for (hsize_t& extent : chunk) {
    while (bytes > kChunkBytes && extent > 1) {
      bytes = bytes / extent * ((extent + 1) / 2);
      extent = (extent + 1) / 2;
    }
  }
  return chunk;
}

// Returns a dataset's property list: no timestamps, no fill values (everything is written), chunked where the
// array has elements and axes. Chunks pass through the filter that `arrange` adds, and are deflated.
Handle array_creation(const Shape& shape, std::size_t element_bytes, herr_t (*arrange)(hid_t)) {
  Handle creation(H5Pcreate(H5P_DATASET_CREATE));
  check_made(H5Pset_obj_track_times(creation.id(), false));
  check_made(H5Pset_fill_time(creation.id(), H5D_FILL_TIME_NEVER));
  if (shape.empty() || element_count(shape) == 0) return creation;
  const std::vector<hsize_t> chunk = chunk_extents(shape, element_bytes);
  check_made(H5Pset_chunk(creation.id(), static_cast<int>(chunk.size()), chunk.data()));
  check_made(arrange(creation.id()));
  check_made(H5Pset_deflate(creation.id(), kDeflateLevel));
  check_made(H5Pset_fletcher32(creation.id()));
  return creation;
}

Handle group_creation() {
  Handle creation(H5Pcreate(H5P_GROUP_CREATE));
  keep_plain(creation);
  return creation;
}

// Creates the groups on the way to `name` that do not exist yet.
void create_parents(hid_t group, const std::string& name, const std::string& where) {
  const Handle creation = group_creation();
  for (auto slash = name.find('/', 1); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string parent = name.substr(0, slash);
    if (check(H5Lexists(group, parent.c_str(), H5P_DEFAULT), where, "look for group '" + parent + "'") > 0)
      continue;
    const Handle created(check(H5Gcreate2(group, parent.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                               where, "create group '" + parent + "'"));
  }
}

// Opens objects in this file. No link leads into another one, which may be anything, even a pipe that never
// answers. It must live as long as HDF5's message about a failure is wanted.
class OwnFile {
 public:
  OwnFile() : access_(H5Pcreate(H5P_LINK_ACCESS)) {
    check_made(H5Pset_elink_cb(access_.id(), refuse, &left_));
  }

  // Returns what H5Oopen returns.
  hid_t open(hid_t group, const std::string& name, const std::string& where) {
    const hid_t object = H5Oopen(group, name.c_str(), access_.id());
    if (left_) throw StoreError(where + " keeps '" + name + "' in another file: copy it into this one");
    return object;
  }

 private:
  static herr_t refuse(const char*, const char*, const char*, const char*, unsigned*, hid_t, void* left) {
    *static_cast<bool*>(left) = true;
    return -1;
  }

  Handle access_;
  bool left_ = false;
};

LinkKind object_kind(hid_t group, const std::string& name, const std::string& where) {
  const std::string action = "open '" + name + "'";
  const Handle object(check(H5Oopen(group, name.c_str(), H5P_DEFAULT), where, action));
  const std::int64_t type = check(H5Iget_type(object.id()), where, action);
  if (type == H5I_GROUP) return LinkKind::group;
  return type == H5I_DATASET ? LinkKind::dataset : LinkKind::other;
}

H5L_info_t link_info(hid_t group, const std::string& name, const std::string& where) {
  H5L_info_t info{};
  check(H5Lget_info(group, name.c_str(), &info, H5P_DEFAULT), where, "look at link '" + name + "'");
  return info;
}

Link describe_link(hid_t group, const std::string& name, const std::string& where) {
  const H5L_info_t info = link_info(group, name, where);
  if (info.type == H5L_TYPE_HARD) return {name, object_kind(group, name, where), ""};
  if (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL) return {name, LinkKind::other, ""};
  std::string value(info.u.val_size, '\0');
  check(H5Lget_val(group, name.c_str(), value.data(), value.size(), H5P_DEFAULT), where,
        "read link '" + name + "'");
  if (info.type == H5L_TYPE_SOFT) return {name, LinkKind::soft, value.substr(0, value.find('\0'))};
  const char* other_file = nullptr;
  const char* object = nullptr;
  unsigned flags = 0;
  check(H5Lunpack_elink_val(value.data(), value.size(), &flags, &other_file, &object), where,
        "read link '" + name + "'");
  return {name, LinkKind::external, other_file};
}

std::size_t row_count(const Column& column) {
  return std::visit([](const auto& values) { return values.size(); }, column.values);
}

// Returns the bytes that each of a column's values takes in a row.
std::size_t width_of(const Column& column) {
  const auto* texts = std::get_if<std::vector<std::string>>(&column.values);
  if (!texts) return sizeof(std::uint64_t);
  std::size_t longest = 1;  // HDF5 has no strings of length 0
  for (const std::string& text : *texts) longest = std::max(longest, text.size());
  return longest;
}

std::size_t row_width(const std::vector<Column>& columns) {
  std::size_t bytes = 0;
  for (const Column& column : columns) bytes += width_of(column);
  return bytes;
}

// Returns the type of a column's values for the file or for memory, where only strings have the same type.
Handle column_type(const Column& column, bool for_file) {
  const auto type_of = [&]<class Value>(const std::vector<Value>& /*values*/) {
    if constexpr (std::is_same_v<Value, std::string>) {
      return string_type(width_of(column));
    } else {
      return Handle(H5Tcopy(for_file ? number_types<Value>().file : number_types<Value>().memory));
    }
  };
  return std::visit(type_of, column.values);
}

// Returns a type with the columns side by side, without gaps.
Handle table_type(const std::vector<Column>& columns, bool for_file) {
  Handle table(H5Tcreate(H5T_COMPOUND, row_width(columns)));
  std::size_t offset = 0;
  for (const Column& column : columns) {
    const Handle type = column_type(column, for_file);
    check_made(H5Tinsert(table.id(), column.name.c_str(), offset, type.id()));
    offset += width_of(column);
  }
  return table;
}

// Copy a value into, or out of, its bytes in a row.
template <class Number>
void pack(const Number& number, std::span<std::byte> bytes) {
  std::memcpy(bytes.data(), &number, bytes.size());
}
void pack(const std::string& text, std::span<std::byte> bytes) {
  std::ranges::copy(std::as_bytes(std::span(text)), bytes.begin());
}
template <class Number>
void unpack(std::span<const std::byte> bytes, Number& number) {
  std::memcpy(&number, bytes.data(), bytes.size());
}
void unpack(std::span<const std::byte> bytes, std::string& text) {
  const char* letters = reinterpret_cast<const char*>(bytes.data());
  text.assign(letters, strnlen(letters, bytes.size()));
}

// Calls body(value, its bytes) for each value of the columns, where rows have the layout of table_type().
template <class Columns, class Body>
void for_each_value(Columns& columns, std::span<std::byte> rows, const Body& body) {
  const std::size_t stride = row_width(columns);
  std::size_t offset = 0;
  for (auto& column : columns) {
    const std::size_t width = width_of(column);
    const auto each = [&](auto& values) {
      for (std::size_t row = 0; row < values.size(); ++row)
        body(values[row], rows.subspan(row * stride + offset, width));
    };
    std::visit(each, column.values);
    offset += width;
  }
}

// Returns an empty column of the kind that the file's column converts to without loss.
Column blank_column(hid_t table, unsigned index, std::size_t rows, const std::string& where) {
  const std::string action = "read column " + std::to_string(index);
  Column column{check_text(H5Tget_member_name(table, index), where, action), {}};
  const Handle type(check(H5Tget_member_type(table, index), where, action));
  const std::int64_t kind = check(H5Tget_class(type.id()), where, action);
  if (kind == H5T_INTEGER) {
    column.values = std::vector<std::uint64_t>(rows);
  } else if (kind == H5T_FLOAT) {
    column.values = std::vector<double>(rows);
  } else if (kind == H5T_STRING) {  // column_type() finds the length from the longest string
    column.values =
        std::vector<std::string>(rows, std::string(check_size(H5Tget_size(type.id()), where, action), '\0'));
  } else {
    throw StoreError(where + ", column '" + column.name + "' is neither a number nor a string");
  }
  return column;
}

}  // namespace

std::string Group::path_of(const std::string& name) const {
  if (name.starts_with('/')) return name;
  return (path() == "/" ? "/" : path() + "/") + name;
}

std::vector<Link> Group::links() const {
  const LibraryLock lock;
  const auto names = collect_names(H5Literate, id(), where(), "list its entries");
  std::vector<Link> links;
  links.reserve(names.size());
  for (const std::string& name : names) links.push_back(describe_link(id(), name, where()));
  return links;
}

bool Group::contains(const std::string& name) const {
  const LibraryLock lock;
  const std::string action = "open '" + name + "'";
  if (name.find('/') == std::string::npos) {
    if (check(H5Lexists(id(), name.c_str(), H5P_DEFAULT), where(), action) == 0) return false;
    if (link_info(id(), name, where()).type == H5L_TYPE_HARD) return true;
  }
  OwnFile own;
  const hid_t object = own.open(id(), name, where());
  if (object < 0) {
    check_system(where(), action);
    return false;
  }
  Handle(object).close("'" + name + "'");
  return true;
}

Group Group::group(const std::string& name) const {
  const LibraryLock lock;
  const std::string action = "open group '" + name + "'";
  OwnFile own;
  const Handle object(check(own.open(id(), name, where()), where(), action));
  return Group(Handle(check(H5Gopen2(object.id(), ".", H5P_DEFAULT), where(), action)), file_name(),
               path_of(name));
}

Group Group::create_group(const std::string& name) {
  const LibraryLock lock;
  create_parents(id(), name, where());
  const Handle creation = group_creation();
  return Group(Handle(check(H5Gcreate2(id(), name.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), where(),
                            "create group '" + name + "'")),
               file_name(), path_of(name));
}

Dataset Group::dataset(const std::string& name) const {
  const LibraryLock lock;
  if (!contains(name)) {
    const std::string entries = join(links(), ", ", [](const Link& link) { return link.name; });
    throw StoreError(where() + " has no dataset '" + name +
                     "'; there is: " + (entries.empty() ? "nothing" : entries));
  }
  Dataset dataset(
      Handle(check(H5Dopen2(id(), name.c_str(), H5P_DEFAULT), where(), "open dataset '" + name + "'")),
      file_name(), path_of(name));
  check_limits(dataset.id(), dataset);
  return dataset;
}

Dataset Group::write_array(const std::string& name, const Shape& shape, std::int64_t file_type,
                           std::int64_t memory_type, std::int64_t creation, const void* values,
                           std::size_t count) {
  const std::string here = "'" + file_name() + "' at '" + path_of(name) + "'";
  if (count != element_count(shape)) {
    throw ConfigError(here + ": the shape has " + std::to_string(element_count(shape)) +
                      " elements, the array " + std::to_string(count));
  }
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr));
  create_parents(id(), name, here);
  Handle dataset(
      check(H5Dcreate2(id(), name.c_str(), file_type, space.id(), H5P_DEFAULT, creation, H5P_DEFAULT), here,
            "create it"));
  if (count > 0)
    check(H5Dwrite(dataset.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), here, "write it");
  return Dataset(std::move(dataset), file_name(), path_of(name));
}

Dataset Group::write(const std::string& name, const Shape& shape, const ConstNumbers& values) {
  const LibraryLock lock;
  const auto write_numbers = [&]<class Number>(std::span<const Number> numbers) {
    const NumberTypes types = number_types<Number>();
    const Handle creation = array_creation(shape, sizeof(Number), H5Pset_shuffle);
    return write_array(name, shape, types.file, types.memory, creation.id(), numbers.data(), numbers.size());
  };
  return std::visit(write_numbers, values);
}

Dataset Group::write_bits(const std::string& name, const Shape& shape, std::span<const std::uint8_t> values) {
  const LibraryLock lock;
  const Handle bit(H5Tcopy(H5T_STD_U8LE));
  check_made(H5Tset_precision(bit.id(), 1));
  const Handle creation = array_creation(shape, sizeof(std::uint8_t), H5Pset_nbit);
  return write_array(name, shape, bit.id(), H5T_NATIVE_UINT8, creation.id(), values.data(), values.size());
}

Dataset Group::write_table(const std::string& name, const std::vector<Column>& columns) {
  const LibraryLock lock;
  const std::size_t rows = columns.empty() ? 0 : row_count(columns.front());
  for (const Column& column : columns) {
    if (row_count(column) != rows) throw ConfigError("columns of table '" + name + "' differ in length");
  }
  const Handle file_type = table_type(columns, true);
  const Handle memory_type = table_type(columns, false);
  std::vector<std::byte> packed(rows * row_width(columns));
  for_each_value(columns, packed, [](const auto& value, auto bytes) { pack(value, bytes); });
  const Handle creation = array_creation({rows}, row_width(columns), H5Pset_shuffle);
  return write_array(name, {rows}, file_type.id(), memory_type.id(), creation.id(), packed.data(), rows);
}

std::vector<Column> Group::read_table(const std::string& name) const {
  const LibraryLock lock;
  const Dataset table = dataset(name);
  if (table.element().kind != ElementClass::compound || table.shape().size() != 1) {
    throw StoreError(table.where() + " is not a table");
  }
  if (table.size() > kMostRows)
    throw StoreError(table.where() + " has " + std::to_string(table.size()) + " rows: too many to be read");
  const Handle file_type(check(H5Dget_type(table.id()), table.where(), "read its type"));
  std::vector<Column> columns;
  const auto count =
      static_cast<unsigned>(check(H5Tget_nmembers(file_type.id()), table.where(), "read its type"));
  for (unsigned c = 0; c < count; ++c) {
    columns.push_back(blank_column(file_type.id(), c, table.size(), table.where()));
  }
  const Handle memory_type = table_type(columns, false);
  std::vector<std::byte> packed(table.size() * row_width(columns));
  table.read_as(memory_type.id(), packed.data(), table.size());
  for_each_value(columns, packed, [](auto& value, auto bytes) { unpack(bytes, value); });
  return columns;
}

void Group::link_external(const std::string& name, const std::string& other_file) {
  const LibraryLock lock;
  if (check(H5Lexists(id(), name.c_str(), H5P_DEFAULT), where(), "look for link '" + name + "'") > 0)
    unlink(name);
  create_parents(id(), name, where());
  check(H5Lcreate_external(other_file.c_str(), "/", id(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), where(),
        "link '" + name + "' to '" + other_file + "'");
}

void Group::unlink(const std::string& name) {
  const LibraryLock lock;
  check(H5Ldelete(id(), name.c_str(), H5P_DEFAULT), where(), "remove '" + name + "'");
}

}  // namespace ltlab::hdf5
