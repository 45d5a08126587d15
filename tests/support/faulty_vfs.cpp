#include "tests/support/faulty_vfs.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <sqlite3.h>
#include <utility>

namespace faas::testing {

namespace fs = std::filesystem;
using loss = faulty_vfs::loss;

namespace {

/// What was done to a file since its last sync.
struct step {
  uint64_t offset = 0;
  std::string bytes;
  bool truncates = false;
};

struct content {
  std::string synced;
  std::vector<step> since;
};
using content_ptr = std::shared_ptr<content>;
using names = std::map<std::string, content_ptr>;

void apply(std::string& to, const step& one, size_t bytes) {
  if (one.truncates) {
    to.resize(one.offset);
    return;
  }
  if (to.size() < one.offset + bytes)
    to.resize(one.offset + bytes);
  std::memcpy(to.data() + one.offset, one.bytes.data(), bytes);
}

std::string read_whole(const char* path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

struct faulty_vfs::model {
  enum class verdict : uint8_t { go, half, dead };

  std::string root; ///< with the last '/'
  sqlite3_vfs* real = nullptr;
  names now, lasting;
  uint64_t count = 0, stop = 0, full = 0;
  bool dead = false;
  std::function<void()> then;
  std::vector<std::string> log;

  verdict next(const char* what, const std::string& path) {
    if (dead)
      return verdict::dead;
    log.push_back(std::string{what} + " " + fs::path{path}.filename().string());
    ++count;
    if (count == full)
      return verdict::half;
    if (count != stop)
      return verdict::go;
    dead = true;
    return verdict::half;
  }
  /// What SQLite is told of an operation that did not go.
  int failure() {
    if (dead && then)
      then();
    return dead ? SQLITE_IOERR : SQLITE_FULL;
  }
};

namespace {

using verdict = faulty_vfs::model::verdict;

/// The real file follows it in memory.
struct shim {
  sqlite3_file base;
  faulty_vfs::model* world;
  content_ptr* held;
  std::string* path;
  bool fresh; ///< its name was not synced yet
};

shim* of(sqlite3_file* file) {
  return reinterpret_cast<shim*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file)
                                         + sizeof(shim));
}

int on_close(sqlite3_file* file) {
  auto* one = of(file);
  const int done = real(file)->pMethods->xClose(real(file));
  delete one->held;
  delete one->path;
  return done;
}

int on_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  if (of(file)->world->dead)
    return SQLITE_IOERR;
  return real(file)->pMethods->xRead(real(file), to, size, at);
}

int on_write(sqlite3_file* file, const void* from, int size,
             sqlite3_int64 at) {
  auto& world = *of(file)->world;
  const auto how = world.next("write", *of(file)->path);
  if (how == verdict::dead)
    return SQLITE_IOERR;
  const int written = how == verdict::half ? size / 2 : size;
  (*of(file)->held)
    ->since.push_back({static_cast<uint64_t>(at),
                       {static_cast<const char*>(from),
                        static_cast<size_t>(written)},
                       false});
  const int done
    = real(file)->pMethods->xWrite(real(file), from, written, at);
  return how == verdict::half ? world.failure() : done;
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& world = *of(file)->world;
  if (world.next("truncate", *of(file)->path) != verdict::go)
    return world.failure();
  (*of(file)->held)
    ->since.push_back({static_cast<uint64_t>(size), {}, true});
  return real(file)->pMethods->xTruncate(real(file), size);
}

int on_sync(sqlite3_file* file, int) {
  auto& world = *of(file)->world;
  if (world.next("sync", *of(file)->path) != verdict::go)
    return world.failure();
  auto& kept = **of(file)->held;
  for (const auto& one : kept.since)
    apply(kept.synced, one, one.bytes.size());
  kept.since.clear();
  // As the real one does for a log or journal that it has made.
  if (std::exchange(of(file)->fresh, false))
    world.lasting = world.now;
  return SQLITE_OK;
}

int on_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int on_lock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int on_unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int on_check(sqlite3_file* file, int* held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int on_control(sqlite3_file* file, int what, void* with) {
  return real(file)->pMethods->xFileControl(real(file), what, with);
}
int on_sector(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
int on_traits(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int on_map(sqlite3_file* file, int page, int size, int grow,
           void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, size, grow, at);
}
int on_shm_lock(sqlite3_file* file, int from, int count, int how) {
  return real(file)->pMethods->xShmLock(real(file), from, count, how);
}
void on_barrier(sqlite3_file* file) {
  real(file)->pMethods->xShmBarrier(real(file));
}
int on_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

/// Version 2: no memory-mapped reading, which would pass by.
constexpr sqlite3_io_methods methods_{
  2,        on_close,  on_read,   on_write,   on_truncate, on_sync,
  on_size,  on_lock,   on_unlock, on_check,   on_control,  on_sector,
  on_traits, on_map,   on_shm_lock, on_barrier, on_unmap,  nullptr,
  nullptr};

faulty_vfs::model& world_of(sqlite3_vfs* vfs) {
  return *static_cast<faulty_vfs::model*>(vfs->pAppData);
}

int on_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
            int* got) {
  auto& world = world_of(vfs);
  const std::string shown = path ? path : "";
  if (!shown.starts_with(world.root)) // none of ours: the real file alone
    return world.real->xOpen(world.real, path, file, flags, got);
  file->pMethods = nullptr;
  const bool there = fs::exists(shown);
  if (world.dead)
    return SQLITE_IOERR;
  if (!there && world.next("make", shown) != verdict::go)
    return world.failure();
  const int done = world.real->xOpen(world.real, path, real(file), flags, got);
  if (done != SQLITE_OK)
    return done;
  auto& kept = world.now[shown];
  if (!kept) {
    kept = std::make_shared<content>();
    if (there) { // made by others: lasting
      kept->synced = read_whole(path);
      world.lasting[shown] = kept;
    }
  }
  auto* one = of(file);
  one->world = &world;
  one->held = new content_ptr{kept};
  one->path = new std::string{shown};
  one->fresh = !there;
  one->base.pMethods = &methods_;
  return SQLITE_OK;
}

int on_delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  auto& world = world_of(vfs);
  if (!std::string_view{path}.starts_with(world.root))
    return world.real->xDelete(world.real, path, sync_folder);
  if (world.dead)
    return SQLITE_IOERR_DELETE;
  if (!fs::exists(path))
    return SQLITE_IOERR_DELETE_NOENT;
  if (world.next("remove", path) != verdict::go)
    return world.failure();
  world.now.erase(path);
  if (sync_folder)
    world.lasting = world.now;
  return world.real->xDelete(world.real, path, 0);
}

} // namespace

faulty_vfs::faulty_vfs(const fs::path& root)
  : model_(std::make_unique<model>()) {
  model_->root = root.string() + "/";
  before_ = sqlite3_vfs_find(nullptr);
  model_->real = before_;
  vfs_ = std::make_unique<sqlite3_vfs>(*before_);
  vfs_->zName = "petrel-faulty";
  vfs_->pNext = nullptr;
  vfs_->pAppData = model_.get();
  vfs_->szOsFile = static_cast<int>(sizeof(shim)) + before_->szOsFile;
  vfs_->xOpen = on_open;
  vfs_->xDelete = on_delete;
  // What it inherits is called with the real one's data.
  vfs_->xAccess = [](sqlite3_vfs* v, const char* path, int what, int* yes) {
    auto* to = world_of(v).real;
    return to->xAccess(to, path, what, yes);
  };
  vfs_->xFullPathname = [](sqlite3_vfs* v, const char* path, int n, char* out) {
    auto* to = world_of(v).real;
    return to->xFullPathname(to, path, n, out);
  };
  sqlite3_vfs_register(vfs_.get(), 1);
}

faulty_vfs::~faulty_vfs() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(before_, 1);
}

void faulty_vfs::stop_at(uint64_t n, std::function<void()> then) {
  model_->count = 0;
  model_->stop = n;
  model_->then = std::move(then);
}

void faulty_vfs::full_at(uint64_t n) {
  model_->count = 0;
  model_->full = n;
}

void faulty_vfs::die() {
  model_->dead = true;
}

uint64_t faulty_vfs::operations() const noexcept {
  return model_->count;
}

const std::vector<std::string>& faulty_vfs::log() const noexcept {
  return model_->log;
}

namespace {

std::string left_of(const content& file, loss how, random_source& random) {
  auto left = file.synced;
  if (how == loss::all)
    return left;
  for (const auto& one : file.since) {
    const auto drawn = how == loss::none ? 2 : random.below(4);
    if (drawn == 0) // dropped
      continue;
    const auto size = one.bytes.size();
    apply(left, one, drawn == 1 ? size / 2 : size);
  }
  return left;
}

} // namespace

void faulty_vfs::crash_into(const fs::path& source, const fs::path& target,
                            loss how, uint64_t seed) const {
  random_source random{seed};
  auto left = how == loss::all ? model_->lasting : model_->now;
  if (how == loss::chance) // each new name and each removal lasts, or not
    for (const auto* other : {&model_->lasting, &model_->now})
      for (const auto& [path, file] : *other) {
        const bool is = model_->now.contains(path);
        const bool was = model_->lasting.contains(path);
        if (is && was && model_->now.at(path) == model_->lasting.at(path))
          continue;
        const auto& drawn = random.below(2) == 0 ? model_->now
                                                 : model_->lasting;
        if (drawn.contains(path))
          left[path] = drawn.at(path);
        else
          left.erase(path);
      }
  for (const auto& [path, file] : left) {
    if (fs::path{path}.parent_path() != source)
      continue;
    const auto to = target / fs::path{path}.filename();
    std::ofstream{to, std::ios::binary} << left_of(*file, how, random);
    fs::permissions(to, fs::perms{0600});
  }
}

} // namespace faas::testing
