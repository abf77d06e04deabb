// The calls of the system and of memory that are watched.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include "fault_layer.h"

using ltlab::faults::allowed;
using ltlab::faults::fails;
using ltlab::faults::Kind;
using ltlab::faults::next;

// Defines a function that fails with `failure` where it is to, and else does what the real one does.
#define LTLAB_CALL(kind, failure, type, name, parameters, ...)                  \
  extern "C" type name parameters {                                             \
    if (fails(Kind::kind, #name)) return failure;                               \
    static const auto real = reinterpret_cast<type(*) parameters>(next(#name)); \
    return real(__VA_ARGS__);                                                   \
  }

// Likewise, but the real one is done before it fails: whatever a close() says, the file is closed.
#define LTLAB_CLOSING_CALL(kind, failure, type, name, parameters, ...)          \
  extern "C" type name parameters {                                             \
    static const auto real = reinterpret_cast<type(*) parameters>(next(#name)); \
    const type result = real(__VA_ARGS__);                                      \
    return fails(Kind::kind, #name) ? failure : result;                         \
  }

// open() and its like, whose last argument is there when a file is created.
#define LTLAB_OPEN(name, parameters, last, ...)                                \
  extern "C" int name parameters {                                             \
    mode_t mode = 0;                                                           \
    if (last & O_CREAT) {                                                      \
      va_list arguments;                                                       \
      va_start(arguments, last);                                               \
      mode = va_arg(arguments, mode_t);                                        \
      va_end(arguments);                                                       \
    }                                                                          \
    if (fails(Kind::open, #name)) return -1;                                   \
    static const auto real = reinterpret_cast<int(*) parameters>(next(#name)); \
    return real(__VA_ARGS__, mode);                                            \
  }

LTLAB_OPEN(open, (const char* path, int flags, ...), flags, path, flags)
LTLAB_OPEN(open64, (const char* path, int flags, ...), flags, path, flags)
LTLAB_OPEN(openat, (int folder, const char* path, int flags, ...), flags, folder, path, flags)
LTLAB_CALL(open, nullptr, FILE*, fopen, (const char* path, const char* mode), path, mode)
LTLAB_CALL(open, nullptr, FILE*, fopen64, (const char* path, const char* mode), path, mode)
LTLAB_CALL(open, nullptr, DIR*, opendir, (const char* path), path)

LTLAB_CALL(look, -1, int, stat, (const char* path, struct stat* found), path, found)
LTLAB_CALL(look, -1, int, stat64, (const char* path, struct stat64* found), path, found)
LTLAB_CALL(look, -1, int, lstat, (const char* path, struct stat* found), path, found)
LTLAB_CALL(look, -1, int, fstat, (int file, struct stat* found), file, found)
LTLAB_CALL(look, -1, int, fstat64, (int file, struct stat64* found), file, found)

LTLAB_CLOSING_CALL(close, -1, int, close, (int file), file)
LTLAB_CLOSING_CALL(close, EOF, int, fclose, (FILE * file), file)
LTLAB_CALL(sync, -1, int, fsync, (int file), file)
LTLAB_CALL(sync, -1, int, ftruncate, (int file, off_t size), file, size)
LTLAB_CALL(sync, -1, int, ftruncate64, (int file, off64_t size), file, size)
LTLAB_CALL(rename, -1, int, rename, (const char* from, const char* to), from, to)
LTLAB_CALL(remove, -1, int, unlink, (const char* path), path)
LTLAB_CALL(remove, -1, int, rmdir, (const char* path), path)
LTLAB_CALL(remove, -1, int, remove, (const char* path), path)
LTLAB_CALL(make, -1, int, mkdir, (const char* path, mode_t mode), path, mode)
LTLAB_CALL(lock, -1, int, flock, (int file, int operation), file, operation)
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                              void* argument) {
  if (fails(Kind::thread, "pthread_create")) return errno;
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto real = reinterpret_cast<Create>(next("pthread_create"));
  return real(thread, attributes, body, argument);
}

#define LTLAB_READ(name, parameters, size, ...)                                    \
  extern "C" ssize_t name parameters {                                             \
    const auto bytes = allowed(Kind::read, #name, static_cast<ssize_t>(size));     \
    if (bytes <= 0 && size > 0) return bytes;                                      \
    static const auto real = reinterpret_cast<ssize_t(*) parameters>(next(#name)); \
    return real(__VA_ARGS__);                                                      \
  }

LTLAB_READ(read, (int file, void* to, size_t size), size, file, to, static_cast<size_t>(bytes))
LTLAB_READ(pread, (int file, void* to, size_t size, off_t at), size, file, to, static_cast<size_t>(bytes), at)
LTLAB_READ(pread64, (int file, void* to, size_t size, off64_t at), size, file, to, static_cast<size_t>(bytes),
           at)

// Standard output and error tell of the faults.
#define LTLAB_WRITE(name, parameters, size, ...)                                   \
  extern "C" ssize_t name parameters {                                             \
    const bool watched = file > STDERR_FILENO;                                     \
    const auto whole = static_cast<ssize_t>(size);                                 \
    const auto bytes = watched ? allowed(Kind::write, #name, whole) : whole;       \
    if (bytes <= 0 && size > 0) return bytes;                                      \
    static const auto real = reinterpret_cast<ssize_t(*) parameters>(next(#name)); \
    return real(__VA_ARGS__);                                                      \
  }

LTLAB_WRITE(write, (int file, const void* from, size_t size), size, file, from, static_cast<size_t>(bytes))
LTLAB_WRITE(pwrite, (int file, const void* from, size_t size, off_t at), size, file, from,
            static_cast<size_t>(bytes), at)
LTLAB_WRITE(pwrite64, (int file, const void* from, size_t size, off64_t at), size, file, from,
            static_cast<size_t>(bytes), at)

// What glibc itself calls them: dlsym() allocates.
extern "C" void* __libc_malloc(size_t);
extern "C" void* __libc_calloc(size_t, size_t);
extern "C" void* __libc_realloc(void*, size_t);
extern "C" void* __libc_memalign(size_t, size_t);

extern "C" void* malloc(size_t bytes) {
  return fails(Kind::memory, "malloc") ? nullptr : __libc_malloc(bytes);
}
extern "C" void* calloc(size_t count, size_t bytes) {
  return fails(Kind::memory, "calloc") ? nullptr : __libc_calloc(count, bytes);
}
extern "C" void* realloc(void* block, size_t bytes) {
  return fails(Kind::memory, "realloc") ? nullptr : __libc_realloc(block, bytes);
}
extern "C" void* memalign(size_t alignment, size_t bytes) {
  return fails(Kind::memory, "memalign") ? nullptr : __libc_memalign(alignment, bytes);
}
extern "C" void* aligned_alloc(size_t alignment, size_t bytes) {
  return fails(Kind::memory, "aligned_alloc") ? nullptr : __libc_memalign(alignment, bytes);
}
extern "C" int posix_memalign(void** block, size_t alignment, size_t bytes) {
  *block = fails(Kind::memory, "posix_memalign") ? nullptr : __libc_memalign(alignment, bytes);
  return *block ? 0 : ENOMEM;
}
