#include "ltlab/hdf5/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <system_error>

#include "ltlab/base/error.h"
#include "ltlab/base/memory_crash.h"
#include "ltlab/hdf5/library.h"

namespace ltlab::hdf5 {
namespace {

namespace fs = std::filesystem;

// The child ends with this status where nobody reads its pipe, or it finds no memory (libhdf5 then ends with
// -1).
constexpr int kGaveUp = 75;

// Bytes of address space that this process has taken already, and which a child begins with.
rlim_t bytes_mapped() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

void set_limit(__rlimit_resource resource, rlim_t most) {
  rlimit limit{};
  ::getrlimit(resource, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, most);
  ::setrlimit(resource, &limit);
}

// A crash here is told by the parent, in one sentence, and leaves nothing else behind.
void prepare_child(std::uintmax_t file_bytes, rlim_t memory) {
  constexpr rlim_t kSeconds = 60, kSecondsPerMebibyte = 10;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU}) std::signal(signal, SIG_DFL);
  on_crash_without_memory([] { ::_exit(kGaveUp); });
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_IGN);  // it is the parent that they stop
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_CPU, kSeconds + kSecondsPerMebibyte * (file_bytes >> 20));
  set_limit(RLIMIT_AS, memory);
  const FileDescriptor nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  ::dup2(nowhere.get(), STDERR_FILENO);  // the C library's last words
}

enum class Answer : std::uint8_t { read, config, data, store, io, memory };

void write_error(const ChildPipe& pipe, Answer answer, const std::string& message) {
  pipe.write(std::as_bytes(std::span(&answer, 1)));
  const std::uint64_t size = message.size();
  pipe.write(std::as_bytes(std::span(&size, 1)));
  pipe.write(std::as_bytes(std::span(message)));
}

void answer(const ChildPipe& pipe, const std::function<std::function<void(const ChildPipe&)>()>& read) {
  try {
    const auto tell = read();
    constexpr Answer kRead = Answer::read;
    pipe.write(std::as_bytes(std::span(&kRead, 1)));
    tell(pipe);
  } catch (const ConfigError& error) {
    write_error(pipe, Answer::config, error.what());
  } catch (const StoreError& error) {
    write_error(pipe, Answer::store, error.what());
  } catch (const IoError& error) {
    write_error(pipe, Answer::io, error.what());
  } catch (const Error& error) {
    write_error(pipe, Answer::data, error.what());
  } catch (const std::bad_alloc&) {
    write_error(pipe, Answer::memory, "");
  } catch (const std::exception& error) {  // nothing may leave this process by way of the parent's functions
    write_error(pipe, Answer::data, error.what());
  }
}

[[noreturn]] void rethrow(Answer answer, const ChildPipe& pipe) {
  constexpr std::uint64_t kLongest = 1 << 16;
  std::uint64_t size = 0;
  pipe.read(std::as_writable_bytes(std::span(&size, 1)));
  std::string message(std::min(size, kLongest), '\0');
  pipe.read(std::as_writable_bytes(std::span(message)));
  switch (answer) {
    case Answer::config:
      throw ConfigError(message);
    case Answer::store:
      throw StoreError(message);
    case Answer::io:
      throw IoError(message);
    case Answer::memory:
      throw std::bad_alloc();
    case Answer::data:
    case Answer::read:
      break;
  }
  throw DataError(message);
}

// Waits for the child when it is not needed any more.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  ~Child() {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return status;
  }

 private:
  pid_t process_;
};

[[noreturn]] void tell_death(const fs::path& path, int status) {
  const std::string file = "'" + path.string() + "'";
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const bool exited = WIFEXITED(status) && WEXITSTATUS(status) != 0;
  if (signal == SIGKILL || exited)
    throw IoError("cannot read " + file + ": the process that reads it was ended, or found no memory" +
                  "; free some, then try again");
  const std::string death = signal == SIGXCPU ? "takes HDF5 more time than it can need"
                            : signal != 0     ? "makes HDF5 crash (" + std::string(::strsignal(signal)) + ")"
                                              : "makes HDF5 give up";
  throw StoreError("reading " + file + " " + death +
                   ": it is damaged, or made to do harm; restore it from a copy");
}

}  // namespace

void ChildPipe::write(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const auto count = ::write(end_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ::_exit(kGaveUp);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

bool ChildPipe::read(std::span<std::byte> bytes) const {
  return read_some(end_, "pipe", bytes.data(), bytes.size()) == bytes.size();
}

void read_in_child(const fs::path& path, const std::function<std::function<void(const ChildPipe&)>()>& read,
                   const std::function<bool(const ChildPipe&)>& receive) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) throw IoError("cannot make a pipe: " + std::string(std::strerror(errno)));
  const ChildPipe pipe{FileDescriptor(ends[0])};
  FileDescriptor written(ends[1]);
  std::error_code ignored;  // a file that cannot be looked at is met again by who reads it
  const std::uintmax_t file_bytes = fs::file_size(path, ignored);
  const rlim_t memory = bytes_mapped() + static_cast<rlim_t>(::sysconf(_SC_PHYS_PAGES)) *
                                             static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  pid_t process = -1;
  {
    const LibraryLock lock;  // no other thread is within HDF5, so that the child finds it in order
    process = ::fork();
    if (process == 0) {
      errno = 0;
      lift_lock_in_child();
      prepare_child(ignored ? 0 : file_bytes, memory);
      answer(ChildPipe(std::move(written)), read);
      ::_exit(0);
    }
  }
  if (process < 0)
    throw IoError("cannot read '" + path.string() + "' in a process of its own: " + std::strerror(errno));
  Child child(process);
  { const FileDescriptor closed = std::move(written); }  // or the end of the child would not end the pipe
  Answer found{};
  if (pipe.read(std::as_writable_bytes(std::span(&found, 1)))) {
    if (found != Answer::read) rethrow(found, pipe);
    if (receive(pipe)) return;
  }
  tell_death(path, child.wait());
}

}  // namespace ltlab::hdf5
