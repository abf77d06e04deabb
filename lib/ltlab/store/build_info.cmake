# What provenance.cpp tells of the build: build_info.h at configuration, git_revision.h at every build in which the
# revision changed. Include where the target `ltlab` is defined.
string(TOUPPER "${CMAKE_BUILD_TYPE}" LTLAB_BUILD_TYPE)
string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${LTLAB_BUILD_TYPE}}" LTLAB_COMPILER_FLAGS)
configure_file(${CMAKE_CURRENT_LIST_DIR}/build_info.h.in ${PROJECT_BINARY_DIR}/generated/ltlab/store/build_info.h @ONLY)

set(LTLAB_GIT_REVISION_HEADER ${PROJECT_BINARY_DIR}/generated/ltlab/store/git_revision.h)
add_custom_target(ltlab_git_revision
                  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DHEADER=${LTLAB_GIT_REVISION_HEADER}
                          -P ${CMAKE_CURRENT_LIST_DIR}/git_revision.cmake
                  BYPRODUCTS ${LTLAB_GIT_REVISION_HEADER} COMMENT "" VERBATIM)
add_dependencies(ltlab ltlab_git_revision)
