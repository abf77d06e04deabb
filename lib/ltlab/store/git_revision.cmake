# cmake -DSOURCE_DIR=... -DHEADER=... -P git_revision.cmake
# Writes HEADER with the revision of the clone at SOURCE_DIR, touching the file only when that changed.
function(git output)
  execute_process(COMMAND git -C ${SOURCE_DIR} ${ARGN} OUTPUT_VARIABLE text ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

# An unpacked archive has no revision, even where it lies inside somebody else's clone.
set(revision "unknown")
git(top_level rev-parse --show-toplevel)
file(REAL_PATH ${SOURCE_DIR} source_dir)
if(top_level STREQUAL source_dir)
  git(revision rev-parse HEAD)
  git(changes status --porcelain --untracked-files=no)
  if(changes)
    string(APPEND revision "-dirty")
  endif()
endif()

set(text "#pragma once\n\nnamespace ltlab::build {\n\ninline constexpr auto kGitRevision = \"${revision}\";\n\n}\n")
if(EXISTS ${HEADER})
  file(READ ${HEADER} present)
endif()
if(NOT text STREQUAL "${present}")
  file(WRITE ${HEADER} "${text}")
endif()
