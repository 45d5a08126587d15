#include "registry/sqlite/backups.hpp"

#include "registry/files/files.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace faas::registry {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr duration pause_after_failure = 1h;
constexpr size_t sequence_digits = 6;
constexpr size_t time_letters = 16; // 20261126T201500Z

fs::path folder_of(const fs::path& file) {
  return file.parent_path() / "backups";
}

std::string time_text(wall_time at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

std::optional<wall_time> time_of(const std::string& text) {
  std::tm parts{};
  const auto* end = ::strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &parts);
  if (end == nullptr || *end != '\0')
    return std::nullopt;
  return wall_time{std::chrono::seconds{::timegm(&parts)}};
}

/// Nothing for a name that is none of these copies.
std::optional<backup_file> parse(const fs::path& copy,
                                 const std::string& stem) {
  const auto name = copy.filename().string();
  const auto start = stem.size() + 1;
  if (name.size() != start + sequence_digits + 1 + time_letters + 3
      || !name.starts_with(stem + "-") || !name.ends_with(".db"))
    return std::nullopt;
  backup_file found;
  found.file = copy;
  const auto* digits = name.data() + start;
  const auto read
    = std::from_chars(digits, digits + sequence_digits, found.sequence);
  const auto made
    = time_of(name.substr(start + sequence_digits + 1, time_letters));
  if (read.ptr != digits + sequence_digits || !made)
    return std::nullopt;
  found.made = *made;
  return found;
}

bool whole(const fs::path& copy) {
  try {
    SQLite::Database db{copy.string(), SQLite::OPEN_READONLY};
    return db.execAndGet("PRAGMA quick_check(1)").getString() == "ok"
           && db.tableExists("petrel_schema");
  } catch (const std::exception&) {
    return false;
  }
}

/// Into a file that nobody takes for a copy yet.
result<void> write_draft(SQLite::Database& db, const fs::path& draft,
                         wall_time now) {
  SQLite::Statement copy{db, "VACUUM INTO ?"};
  copy.bind(1, draft.string());
  copy.exec();
  {
    SQLite::Database made{draft.string(), SQLite::OPEN_READWRITE};
    made.exec("PRAGMA journal_mode = DELETE");
    made.exec("CREATE TABLE IF NOT EXISTS petrel_backup "
              "(made_seconds INTEGER NOT NULL)");
    SQLite::Statement mark{made, "INSERT INTO petrel_backup VALUES (?)"};
    mark.bind(1, static_cast<int64_t>(
                   std::chrono::floor<std::chrono::seconds>(now)
                     .time_since_epoch()
                     .count()));
    mark.exec();
  }
  auto handle = open_file(draft, O_RDWR, 0600);
  if (!handle)
    return handle.error();
  if (::fchmod(handle->get(), 0600) != 0 || ::fsync(handle->get()) != 0)
    return os_error(errno, "cannot write " + draft.string());
  return {};
}

} // namespace

database_backups::database_backups(fs::path file, backup_rules rules)
  : file_(std::move(file)), rules_(std::move(rules)) {}

std::vector<backup_file> database_backups::list(const fs::path& file) {
  std::vector<backup_file> all;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator{folder_of(file), failed})
    if (auto one = parse(entry.path(), file.stem().string()))
      all.push_back(std::move(*one));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.sequence < b.sequence;
  });
  return all;
}

std::optional<backup_file>
database_backups::newest_good(const fs::path& file) {
  auto all = list(file);
  const auto found
    = std::find_if(all.rbegin(), all.rend(),
                   [](const auto& one) { return whole(one.file); });
  return found == all.rend() ? std::nullopt : std::optional{*found};
}

result<void> database_backups::make(SQLite::Database& db) {
  const auto folder = folder_of(file_);
  if (auto ok = make_private_folder(folder); !ok)
    return ok;
  auto before = list(file_);
  const auto now = rules_.clock != nullptr ? rules_.clock->wall()
                                           : std::chrono::system_clock::now();
  char number[16];
  std::snprintf(number, sizeof number, "%06llu",
                static_cast<unsigned long long>(
                  before.empty() ? 1 : before.back().sequence + 1));
  const auto name
    = file_.stem().string() + "-" + number + "-" + time_text(now) + ".db";
  const auto draft = folder / (file_.stem().string() + ".new");
  std::error_code ignored;
  for (const auto* end : {"", "-journal"})
    fs::remove(draft.string() + end, ignored);
  if (auto ok = write_draft(db, draft, now); !ok)
    return ok;
  if (auto ok = rename_file(draft, folder / name); !ok)
    return ok;
  if (auto ok = sync_folder(folder); !ok)
    return ok;
  last_ = now;
  looked_ = true;
  // With the new one there are `keep`.
  for (size_t i = 0; i + std::max<size_t>(rules_.keep, 1) <= before.size(); ++i)
    fs::remove(before[i].file, ignored);
  return {};
}

bool database_backups::due(wall_time now) {
  if (!std::exchange(looked_, true))
    if (const auto all = list(file_); !all.empty())
      last_ = all.back().made;
  // Later than now: the clock was set back.
  const auto recent = [&](const std::optional<wall_time>& at, duration span) {
    return at && *at <= now && now - *at < span;
  };
  return !recent(failed_, pause_after_failure) && !recent(last_, rules_.every);
}

void database_backups::try_to_make(SQLite::Database& db, wall_time now) {
  std::string why;
  try {
    if (auto made = make(db); !made)
      why = made.error().message;
  } catch (const std::exception& thrown) {
    why = thrown.what();
  }
  failed_ = why.empty() ? std::nullopt : std::optional{now};
  if (!why.empty() && rules_.log)
    rules_.log("no backup of " + file_.string() + ": " + why);
}

void database_backups::make_if_due(SQLite::Database& db) noexcept {
  try {
    if (rules_.clock == nullptr || rules_.keep == 0)
      return;
    if (const auto now = rules_.clock->wall(); due(now))
      try_to_make(db, now);
  } catch (...) { // no memory for a message: there will be a next time
    failed_.reset();
  }
}

void database_backups::make_before_import(SQLite::Database& db) noexcept {
  try {
    if (rules_.clock != nullptr && rules_.keep != 0)
      try_to_make(db, rules_.clock->wall());
  } catch (...) { // as above
    failed_.reset();
  }
}

bool was_restored(SQLite::Database& db) {
  if (!db.tableExists("petrel_backup"))
    return false;
  db.exec("DROP TABLE petrel_backup");
  return true;
}

std::string restore_commands(const fs::path& file, const fs::path& copy) {
  const auto name = file.string();
  return "mv " + name + " " + name + ".damaged; rm -f " + name + "-wal "
         + name + "-shm; cp " + copy.string() + " " + name;
}

} // namespace faas::registry
