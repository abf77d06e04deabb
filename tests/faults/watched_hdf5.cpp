// The functions of HDF5 that lib/ltlab/hdf5 calls. One that is to fail is not done, and leaves no error
// stack.

#include <hdf5.h>

#include <type_traits>

#include "fault_layer.h"

namespace {

template <class Result>
Result failure() {
  if constexpr (std::is_pointer_v<Result> || std::is_same_v<Result, size_t>) {
    return Result{};
  } else {
    return static_cast<Result>(-1);
  }
}

}  // namespace

#define LTLAB_HDF5_CALL(type, name, parameters, arguments)                                     \
  extern "C" type name parameters {                                                            \
    if (ltlab::faults::fails(ltlab::faults::Kind::hdf5, #name)) return failure<type>();        \
    static const auto real = reinterpret_cast<type(*) parameters>(ltlab::faults::next(#name)); \
    return real arguments;                                                                     \
  }

LTLAB_HDF5_CALL(hid_t, H5Acreate2, (hid_t a, const char* b, hid_t c, hid_t d, hid_t e, hid_t f),
                (a, b, c, d, e, f))
LTLAB_HDF5_CALL(herr_t, H5Adelete, (hid_t a, const char* b), (a, b))
LTLAB_HDF5_CALL(htri_t, H5Aexists, (hid_t a, const char* b), (a, b))
LTLAB_HDF5_CALL(hid_t, H5Aget_space, (hid_t a), (a))
LTLAB_HDF5_CALL(hid_t, H5Aget_type, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Aiterate2,
                (hid_t a, H5_index_t b, H5_iter_order_t c, hsize_t* d, H5A_operator2_t e, void* f),
                (a, b, c, d, e, f))
LTLAB_HDF5_CALL(hid_t, H5Aopen, (hid_t a, const char* b, hid_t c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Aread, (hid_t a, hid_t b, void* c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Awrite, (hid_t a, hid_t b, const void* c), (a, b, c))
LTLAB_HDF5_CALL(hid_t, H5Dcreate2, (hid_t a, const char* b, hid_t c, hid_t d, hid_t e, hid_t f, hid_t g),
                (a, b, c, d, e, f, g))
LTLAB_HDF5_CALL(hid_t, H5Dget_space, (hid_t a), (a))
LTLAB_HDF5_CALL(hid_t, H5Dget_type, (hid_t a), (a))
LTLAB_HDF5_CALL(hid_t, H5Dopen2, (hid_t a, const char* b, hid_t c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Dread, (hid_t a, hid_t b, hid_t c, hid_t d, hid_t e, void* f), (a, b, c, d, e, f))
LTLAB_HDF5_CALL(herr_t, H5Dwrite, (hid_t a, hid_t b, hid_t c, hid_t d, hid_t e, const void* f),
                (a, b, c, d, e, f))
LTLAB_HDF5_CALL(herr_t, H5Eclear2, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Eget_auto2, (hid_t a, H5E_auto2_t* b, void** c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Eset_auto2, (hid_t a, H5E_auto2_t b, void* c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Ewalk2, (hid_t a, H5E_direction_t b, H5E_walk2_t c, void* d), (a, b, c, d))
LTLAB_HDF5_CALL(hid_t, H5Fcreate, (const char* a, unsigned b, hid_t c, hid_t d), (a, b, c, d))
LTLAB_HDF5_CALL(herr_t, H5Fflush, (hid_t a, H5F_scope_t b), (a, b))
LTLAB_HDF5_CALL(hid_t, H5Fopen, (const char* a, unsigned b, hid_t c), (a, b, c))
LTLAB_HDF5_CALL(hid_t, H5Gcreate2, (hid_t a, const char* b, hid_t c, hid_t d, hid_t e), (a, b, c, d, e))
LTLAB_HDF5_CALL(hid_t, H5Gopen2, (hid_t a, const char* b, hid_t c), (a, b, c))
LTLAB_HDF5_CALL(int, H5Idec_ref, (hid_t a), (a))
LTLAB_HDF5_CALL(H5I_type_t, H5Iget_type, (hid_t a), (a))
LTLAB_HDF5_CALL(htri_t, H5Iis_valid, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Lcreate_external,
                (const char* a, const char* b, hid_t c, const char* d, hid_t e, hid_t f), (a, b, c, d, e, f))
LTLAB_HDF5_CALL(herr_t, H5Ldelete, (hid_t a, const char* b, hid_t c), (a, b, c))
LTLAB_HDF5_CALL(htri_t, H5Lexists, (hid_t a, const char* b, hid_t c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Lget_info, (hid_t a, const char* b, H5L_info_t* c, hid_t d), (a, b, c, d))
LTLAB_HDF5_CALL(herr_t, H5Lget_val, (hid_t a, const char* b, void* c, size_t d, hid_t e), (a, b, c, d, e))
LTLAB_HDF5_CALL(herr_t, H5Literate,
                (hid_t a, H5_index_t b, H5_iter_order_t c, hsize_t* d, H5L_iterate_t e, void* f),
                (a, b, c, d, e, f))
LTLAB_HDF5_CALL(herr_t, H5Lunpack_elink_val,
                (const void* a, size_t b, unsigned* c, const char** d, const char** e), (a, b, c, d, e))
LTLAB_HDF5_CALL(hid_t, H5Oopen, (hid_t a, const char* b, hid_t c), (a, b, c))
LTLAB_HDF5_CALL(hid_t, H5Pcreate, (hid_t a), (a))
LTLAB_HDF5_CALL(H5D_layout_t, H5Pget_layout, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Pset_attr_phase_change, (hid_t a, unsigned b, unsigned c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Pset_chunk, (hid_t a, int b, const hsize_t* c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Pset_deflate, (hid_t a, unsigned b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Pset_elink_cb, (hid_t a, H5L_elink_traverse_t b, void* c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Pset_fapl_core, (hid_t a, size_t b, hbool_t c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Pset_fclose_degree, (hid_t a, H5F_close_degree_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Pset_file_image, (hid_t a, void* b, size_t c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Pset_file_image_callbacks, (hid_t a, H5FD_file_image_callbacks_t* b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Pset_fill_time, (hid_t a, H5D_fill_time_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Pset_fletcher32, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Pset_libver_bounds, (hid_t a, H5F_libver_t b, H5F_libver_t c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Pset_link_phase_change, (hid_t a, unsigned b, unsigned c), (a, b, c))
LTLAB_HDF5_CALL(herr_t, H5Pset_meta_block_size, (hid_t a, hsize_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Pset_nbit, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Pset_obj_track_times, (hid_t a, hbool_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Pset_shuffle, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Pset_small_data_block_size, (hid_t a, hsize_t b), (a, b))
LTLAB_HDF5_CALL(hid_t, H5Screate, (H5S_class_t a), (a))
LTLAB_HDF5_CALL(hid_t, H5Screate_simple, (int a, const hsize_t* b, const hsize_t* c), (a, b, c))
LTLAB_HDF5_CALL(int, H5Sget_simple_extent_dims, (hid_t a, hsize_t* b, hsize_t* c), (a, b, c))
LTLAB_HDF5_CALL(int, H5Sget_simple_extent_ndims, (hid_t a), (a))
LTLAB_HDF5_CALL(hssize_t, H5Sget_simple_extent_npoints, (hid_t a), (a))
LTLAB_HDF5_CALL(H5S_class_t, H5Sget_simple_extent_type, (hid_t a), (a))
LTLAB_HDF5_CALL(hid_t, H5Tcopy, (hid_t a), (a))
LTLAB_HDF5_CALL(hid_t, H5Tcreate, (H5T_class_t a, size_t b), (a, b))
LTLAB_HDF5_CALL(H5T_class_t, H5Tget_class, (hid_t a), (a))
LTLAB_HDF5_CALL(H5T_cset_t, H5Tget_cset, (hid_t a), (a))
LTLAB_HDF5_CALL(char*, H5Tget_member_name, (hid_t a, unsigned b), (a, b))
LTLAB_HDF5_CALL(hid_t, H5Tget_member_type, (hid_t a, unsigned b), (a, b))
LTLAB_HDF5_CALL(int, H5Tget_nmembers, (hid_t a), (a))
LTLAB_HDF5_CALL(H5T_order_t, H5Tget_order, (hid_t a), (a))
LTLAB_HDF5_CALL(size_t, H5Tget_precision, (hid_t a), (a))
LTLAB_HDF5_CALL(H5T_sign_t, H5Tget_sign, (hid_t a), (a))
LTLAB_HDF5_CALL(size_t, H5Tget_size, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Tinsert, (hid_t a, const char* b, size_t c, hid_t d), (a, b, c, d))
LTLAB_HDF5_CALL(htri_t, H5Tis_variable_str, (hid_t a), (a))
LTLAB_HDF5_CALL(herr_t, H5Tset_cset, (hid_t a, H5T_cset_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Tset_precision, (hid_t a, size_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Tset_size, (hid_t a, size_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5Tset_strpad, (hid_t a, H5T_str_t b), (a, b))
LTLAB_HDF5_CALL(herr_t, H5free_memory, (void* a), (a))
LTLAB_HDF5_CALL(herr_t, H5get_libversion, (unsigned* a, unsigned* b, unsigned* c), (a, b, c))
