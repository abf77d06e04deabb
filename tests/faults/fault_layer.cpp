#include "fault_layer.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

// Nothing here allocates memory once main() runs, for malloc() is one of the calls that are watched.

namespace ltlab::faults {
namespace {

constexpr const char* kNames[] = {"open",   "look", "read", "write",  "sync",   "close", "rename",
                                  "remove", "make", "lock", "thread", "memory", "hdf5"};
static_assert(std::size(kNames) == static_cast<unsigned>(Kind::kinds));

enum class How { once, ever, part, nothing };

struct Plan {
  bool active = false;
  unsigned kind = static_cast<unsigned>(Kind::kinds);  // none
  std::uint64_t number = 0;
  How how = How::once;
  int error = 0;
};

Plan plan;
std::atomic<std::uint64_t> counts[static_cast<unsigned>(Kind::kinds)];
FaultCounts own_counts;
FaultCounts* told = &own_counts;
int sites = -1;
constexpr int kOwnFrames = 4;      // of this layer, on top of those that called it
int depth = 16;                    // how many of these tell places from each other
thread_local bool inside = false;  // the layer itself

struct Stack {
  std::uint64_t hash = 14695981039346656037ULL;
  int frames = 0;
};

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* data) {
  auto& stack = *static_cast<Stack*>(data);
  stack.hash = (stack.hash ^ _Unwind_GetIP(context)) * 1099511628211ULL;
  return ++stack.frames < kOwnFrames + depth ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void tell_site() {
  Stack stack;
  _Unwind_Backtrace(add_frame, &stack);
  static auto real_write = reinterpret_cast<ssize_t (*)(int, const void*, size_t)>(next("write"));
  static_cast<void>(real_write(sites, &stack.hash, sizeof stack.hash));
}

// The number of this call where it is one of those planned to fail, else 0.
std::uint64_t planned(Kind kind, const char* function) {
  if (!plan.active || inside) return 0;
  const auto index = static_cast<unsigned>(kind);
  const std::uint64_t number = ++counts[index];
  told->calls[index] = number;
  if (index != plan.kind) return 0;
  inside = true;
  if (sites >= 0) tell_site();
  inside = false;
  const bool chosen = plan.how == How::ever ? number >= plan.number : number == plan.number;
  if (!chosen || plan.number == 0) return 0;
  if (told->failed++ == 0) std::strncpy(told->function, function, sizeof told->function - 1);
  return number;
}

int open_file(const char* variable, std::size_t bytes) {
  const char* name = std::getenv(variable);
  if (!name) return -1;
  const int file = ::open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0 || ::ftruncate(file, static_cast<off_t>(bytes)) < 0) std::abort();
  return file;
}

void read_plan(const char* text) {
  char kind[16] = "", how[16] = "";
  unsigned long number = 0;
  int error = EIO;
  if (std::sscanf(text, "%15[a-z0-9]:%lu:%15[a-z]:%d", kind, &number, how, &error) < 3) std::abort();
  while (plan.kind > 0 && std::strcmp(kNames[plan.kind - 1], kind) != 0) --plan.kind;
  if (plan.kind-- == 0) std::abort();
  plan.number = number;
  plan.how = std::strcmp(how, "ever") == 0      ? How::ever
             : std::strcmp(how, "short") == 0   ? How::part
             : std::strcmp(how, "nothing") == 0 ? How::nothing
                                                : How::once;
  plan.error = error;
}

void begin() {
  if (const char* text = std::getenv("LTLAB_FAULT")) read_plan(text);
  if (const int file = open_file("LTLAB_FAULT_COUNTS", sizeof(FaultCounts)); file >= 0) {
    void* shared = ::mmap(nullptr, sizeof(FaultCounts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) std::abort();
    told = static_cast<FaultCounts*>(shared);
  }
  sites = open_file("LTLAB_FAULT_SITES", 0);
  if (const char* text = std::getenv("LTLAB_FAULT_DEPTH")) depth = std::atoi(text);
  if (sites >= 0) tell_site();  // loads the unwinder, which allocates
  if (sites >= 0 && (::ftruncate(sites, 0) < 0 || ::lseek(sites, 0, SEEK_SET) < 0)) std::abort();
  plan.active = true;
}

int (*real_main)(int, char**, char**);

int watched_main(int argc, char** argv, char** environment) {
  begin();
  return real_main(argc, argv, environment);
}

}  // namespace

bool fails(Kind kind, const char* function) noexcept {
  if (planned(kind, function) == 0) return false;
  errno = plan.error;
  return true;
}

std::int64_t allowed(Kind kind, const char* function, std::int64_t bytes) noexcept {
  if (planned(kind, function) == 0) return bytes;
  if (plan.how == How::nothing) return 0;
  if (plan.how == How::part) return bytes > 1 ? bytes / 2 : bytes;
  errno = plan.error;
  return -1;
}

void* next(const char* function) noexcept {
  const bool was_inside = std::exchange(inside, true);
  void* found = ::dlsym(RTLD_NEXT, function);
  inside = was_inside;
  if (!found) std::abort();
  return found;
}

}  // namespace ltlab::faults

extern "C" int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv,
                                 int (*init)(int, char**, char**), void (*fini)(), void (*rtld_fini)(),
                                 void* stack_end) {
  ltlab::faults::real_main = main;
  using Start = int (*)(int (*)(int, char**, char**), int, char**, int (*)(int, char**, char**), void (*)(),
                        void (*)(), void*);
  return reinterpret_cast<Start>(ltlab::faults::next("__libc_start_main"))(
      ltlab::faults::watched_main, argc, argv, init, fini, rtld_fini, stack_end);
}
