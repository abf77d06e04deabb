#include "ltlab/hdf5/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <system_error>

#include "ltlab/base/error.h"
#include "ltlab/base/memory_crash.h"
#include "ltlab/hdf5/library.h"
#include "ltlab/hdf5/limits.h"

namespace ltlab::hdf5 {

// Ends the process and waits for it when it is not needed any more.
class Child {
 public:
  Child(pid_t process, ChildPipe pipe) : process_(process), pipe_(std::move(pipe)) {}
  ~Child() {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  const ChildPipe& pipe() const { return pipe_; }
  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return status;
  }

 private:
  pid_t process_;
  ChildPipe pipe_;
};

namespace {

namespace fs = std::filesystem;

// The child ends with this status if nobody reads its pipe or it finds no memory (libhdf5 then ends with -1).
constexpr int kGaveUp = 75;

// Returns the bytes of address space that this process has taken, with which a child begins.
rlim_t memory_taken() {
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

// Makes a crash here leave nothing behind: the parent reports it in one sentence.
void prepare_child() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGALRM})
    std::signal(signal, SIG_DFL);
  on_crash_without_memory([] { ::_exit(kGaveUp); });
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_IGN);  // only the parent stops on these
  set_limit(RLIMIT_CORE, 0);
  const FileDescriptor nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  ::dup2(nowhere.get(), STDERR_FILENO);  // the C library's last words
}

// Limits, in the child, what reading this file may take beyond what has been taken already: processor time,
// the elapsed time, which may be so many times longer, since a disk or network may be slower, and memory, of
// which there is enough for all arrays that limits.h allows it, as far as the machine has it.
void limit_reading(const fs::path& path, rlim_t memory_at_begin) {
  constexpr rlim_t kSeconds = 20, kSecondsPerMebibyte = 10, kSlower = 10;
  constexpr rlim_t kMemory = rlim_t{2} << 30;
  std::error_code ignored;  // whoever reads the file finds out if it cannot be looked at
  const std::uintmax_t size = fs::file_size(path, ignored);
  const rlim_t bytes = ignored ? 0 : std::min<std::uintmax_t>(size, kMostArrayBytes);
  const rlim_t seconds = kSeconds + kSecondsPerMebibyte * (bytes >> 20);
  rusage taken{};
  ::getrusage(RUSAGE_SELF, &taken);
  set_limit(RLIMIT_CPU, static_cast<rlim_t>(taken.ru_utime.tv_sec + taken.ru_stime.tv_sec) + seconds);
  ::alarm(static_cast<unsigned>(std::min(kSlower * seconds, rlim_t{INT_MAX})));
  const auto machine =
      static_cast<rlim_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  set_limit(RLIMIT_AS, memory_at_begin + std::min(machine, kMemory + kMostExpansion * bytes));
}

// Writes a text as its length and its letters; returns false if the other process is gone.
bool write_text(const ChildPipe& pipe, const std::string& text) {
  const std::uint64_t size = text.size();
  return pipe.try_write(std::as_bytes(std::span(&size, 1))) && pipe.try_write(std::as_bytes(std::span(text)));
}

bool read_text(const ChildPipe& pipe, std::string& text) {
  constexpr std::uint64_t kLongest = 1 << 16;
  std::uint64_t size = 0;
  if (!pipe.read_value(size)) return false;
  text.assign(std::min(size, kLongest), '\0');
  return pipe.read(std::as_writable_bytes(std::span(text)));
}

enum class Answer : std::uint8_t { none, read, config, data, store, io, memory };

// Returns what rethrow() makes an error of this type of again.
Answer answer_of(const std::exception& error) {
  if (dynamic_cast<const ConfigError*>(&error)) return Answer::config;
  if (dynamic_cast<const StoreError*>(&error)) return Answer::store;
  if (dynamic_cast<const IoError*>(&error)) return Answer::io;
  return dynamic_cast<const std::bad_alloc*>(&error) ? Answer::memory : Answer::data;
}

// Returns whether the file was read.
bool answer(const ChildPipe& pipe, const std::function<std::function<void(const ChildPipe&)>()>& read) {
  try {
    const auto tell = read();
    pipe.write_value(Answer::read);
    tell(pipe);
    return true;
  } catch (const std::exception& error) {  // nothing may leave this process through the parent's functions
    pipe.write_value(answer_of(error));
    write_text(pipe, error.what());
    return false;
  }
}

// The child lacked memory, or ended without a word, as it does for lack of memory.
IoError no_memory(const fs::path& path) {
  return IoError("cannot read " + in_quotes(path) +
                 ": the process that reads it found no memory, or was ended; free some, then try again");
}

[[noreturn]] void rethrow(Answer answer, const fs::path& path, const ChildPipe& pipe) {
  std::string message;
  read_text(pipe, message);
  if (answer == Answer::config) throw ConfigError(message);
  if (answer == Answer::store) throw StoreError(message);
  if (answer == Answer::io) throw IoError(message);
  if (answer == Answer::memory) throw no_memory(path);
  throw DataError(message);
}

// HDF5 may also crash after a failed allocation, which the signal does not always show. The same file makes
// it crash again; the same lack of memory is not likely to.
constexpr int kCrashesThatTell = 2;

bool has_crashed(int status) {
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return signal != 0 && signal != SIGKILL && signal != SIGALRM && signal != SIGXCPU;
}

[[noreturn]] void tell_death(const fs::path& path, int status) {
  const std::string file = in_quotes(path);
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const bool exited = WIFEXITED(status) && WEXITSTATUS(status) != 0;
  if (signal == SIGKILL || exited) throw no_memory(path);
  if (signal == SIGALRM)
    throw IoError("cannot read " + file +
                  ": it took too long; see whether its disk or network answers, then try again");
  const std::string death = signal == SIGXCPU ? "takes HDF5 more time than it can need"
                            : signal != 0     ? "makes HDF5 crash (" + std::string(::strsignal(signal)) + ")"
                                              : "makes HDF5 give up";
  throw StoreError("reading " + file + " " + death +
                   ": it is damaged, or made to do harm; restore it from a copy");
}

// Forks a child that runs `serve` with its end of a pipe and then ends.
std::unique_ptr<Child> start_child(const fs::path& path, const std::function<void(const ChildPipe&)>& serve) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    throw IoError("cannot make a pipe: " + std::string(std::strerror(errno)));
  FileDescriptor ours(ends[0]), theirs(ends[1]);
  const LibraryLock lock;  // no other thread is inside HDF5, so the child finds it in order
  const pid_t process = ::fork();
  if (process < 0)
    throw IoError("cannot read '" + path.string() + "' in a process of its own: " + std::strerror(errno));
  if (process > 0) return std::make_unique<Child>(process, ChildPipe(std::move(ours)));
  errno = 0;
  { const FileDescriptor closed = std::move(ours); }  // or else the parent's end would not end the pipe
  lift_lock_in_child();
  prepare_child();
  serve(ChildPipe(std::move(theirs)));
  ::_exit(0);
}

}  // namespace

bool ChildPipe::try_write(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const auto count = ::send(end_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

void ChildPipe::write(std::span<const std::byte> bytes) const {
  if (!try_write(bytes)) ::_exit(kGaveUp);
}

bool ChildPipe::read(std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const auto count = ::recv(end_.get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

void read_in_child(const fs::path& path, const std::function<std::function<void(const ChildPipe&)>()>& read,
                   const std::function<bool(const ChildPipe&)>& receive) {
  for (int tries = 1;; ++tries) {
    const rlim_t taken = memory_taken();
    const std::unique_ptr<Child> child = start_child(path, [&](const ChildPipe& pipe) {
      limit_reading(path, taken);
      answer(pipe, read);
    });
    Answer found = Answer::none;
    if (child->pipe().read_value(found)) {
      if (found != Answer::read) rethrow(found, path, child->pipe());
      if (receive(child->pipe())) return;
    }
    const int status = child->wait();
    if (found != Answer::none || !has_crashed(status) || tries == kCrashesThatTell) tell_death(path, status);
  }
}

FileChecker::FileChecker(std::function<void(const fs::path&)> check) : check_(std::move(check)) {}

FileChecker::~FileChecker() = default;

void FileChecker::check(const fs::path& path) {
  const std::lock_guard<std::mutex> held(mutex_);
  int crashes = 0;
  while (true) {
    const bool fresh = !child_;
    if (fresh) {
      const std::uint64_t taken = memory_taken();
      child_ = start_child(path, [this, taken](const ChildPipe& pipe) { serve(pipe, taken); });
    }
    const ChildPipe& pipe = child_->pipe();
    Answer found = Answer::none;
    if (write_text(pipe, path.string()) && pipe.read_value(found) && found == Answer::read) return;
    const std::unique_ptr<Child> ended = std::move(child_);
    if (found != Answer::none) rethrow(found, path, ended->pipe());
    // A child may also have ended with the thread that began it, or because of another file; a fresh child
    // shows which.
    const int status = ended->wait();
    if (has_crashed(status)) ++crashes;
    if (fresh && (!has_crashed(status) || crashes >= kCrashesThatTell)) tell_death(path, status);
  }
}

// A file at fault may leave HDF5 in disorder, so the child ends with it.
void FileChecker::serve(const ChildPipe& pipe, std::uint64_t memory_at_begin) const {
  for (bool sound = true; sound;) {
    sound = answer(pipe, [&] {
      std::string name;
      if (!read_text(pipe, name)) ::_exit(0);
      limit_reading(name, memory_at_begin);
      check_(name);
      return [](const ChildPipe&) {};
    });
    ::alarm(0);
  }
}

}  // namespace ltlab::hdf5
